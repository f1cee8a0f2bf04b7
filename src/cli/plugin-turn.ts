import { MeshError } from '#kernel';
import type { RoundTrip } from '#node';
import type { Call } from './call.ts';

const attachMs = 60_000;
const lookMs = 250;
const turnMs = 180_000;
const inviteMs = 600_000;
const question = 'This is a check of the connection. Answer with one short sentence.';

/** Waits until the plugin has attached to the node that runs, and lets a peer that is made up for it ask the agent. */
export async function pluginTurn(call: Call, agent: string): Promise<RoundTrip> {
  const { client, ports, screen, signal } = call;
  screen.progress('Waiting until the gateway has loaded the plugin …');
  await attached(call, agent);
  screen.progress(`Asking ${agent} …`);
  const before = await peersOf(call, agent);
  const { invite } = await client.invite({ agent, tier: 'bounded', expiresInMs: inviteMs }, { signal });
  const { askAsStranger } = await ports.nodeDoor();
  try {
    return await askAsStranger({ invite, text: question, timeoutMs: turnMs, signal });
  } finally {
    for (const contact of await peersOf(call, agent)) {
      if (!before.includes(contact)) await client.remove({ agent, contact });
    }
  }
}

async function attached({ client, ports, signal }: Call, agent: string): Promise<void> {
  const until = ports.clock.monotonic() + attachMs;
  for (;;) {
    const { agents } = await client.agents({}, { signal });
    if (agents.find(({ name }) => name === agent)?.runtime === 'attached') return;
    if (ports.clock.monotonic() > until) {
      throw new MeshError('TIMEOUT', `No plugin of a gateway answered for ${agent} within ${attachMs / 1000} s`, {
        hint: 'Its log says why: openclaw logs. A gateway that loads nothing while it runs has to be restarted after setup.',
      });
    }
    await ports.clock.sleep(lookMs, { signal });
  }
}

/** Ids of those called as the stranger is. */
async function peersOf({ client, signal }: Call, agent: string): Promise<readonly string[]> {
  const { contacts } = await client.contacts({ agent }, { signal });
  return contacts.filter(({ name }) => name === 'mesh-setup').map(({ agentId }) => agentId);
}
