import { present } from '../arguments.ts';
import type { Call } from '../call.ts';
import type { AgentFacts } from '../node-door.ts';
import type { Outcome } from '../outcome.ts';
import { readPassphrase } from '../passphrase.ts';
import { findRunningNode } from '../running-node.ts';
import { agentLines } from '../views/agent-lines.ts';

/** One more agent: by the running node, or in its files when none runs. */
export async function agentAdd(call: Call): Promise<Outcome> {
  const name = call.args.at(0, 'NAME');
  const running = findRunningNode(call.settings.stateDir) !== undefined;
  const agent = running ? await addToNode(call, name) : await addToFiles(call, name);
  return {
    data: agent,
    lines: (paint) => [`Added the agent ${name}`, '', ...agentLines(agent, paint)],
    next: [running ? undefined : 'Start the node: mesh up --detach', `Speak as it: mesh invite --agent ${name}`],
  };
}

function addToNode({ args, client, signal }: Call, name: string): Promise<AgentFacts> {
  return client.addAgent({ name, displayName: args.text('displayName') }, { signal });
}

async function addToFiles({ args, settings, ports }: Call, name: string): Promise<AgentFacts> {
  const passphrase = readPassphrase(settings.passphraseFile);
  const { addAgent } = await ports.nodeDoor();
  return addAgent({
    stateDir: settings.stateDir,
    name,
    ...present({ displayName: args.text('displayName'), passphrase }),
  });
}
