import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { scanUrl } from '../scan-targets.ts';
import { shellWord } from '../settings.ts';
import { visible } from '../terminal-text.ts';
import { hubLines } from '../views/joined-hub-lines.ts';

const defaultHubPort = 7700;

/** Registers the agent at a hub. */
export async function hubJoin({ args, client, settings, screen, signal }: Call): Promise<Outcome> {
  const said = args.at(0, 'TARGET').trim();
  const relay = args.flag('relay');
  const target = relay || said.startsWith('mesh-hub:') ? said : scanUrl(said, defaultHubPort);
  screen.progress('Joining …');
  const invite = args.text('invite');
  const hub = await client.joinHub({ agent: settings.agent, target, invite, ...(relay ? { relay } : {}) }, { signal });
  const who = relay ? `The node of ${visible(hub.name)}` : visible(hub.name);
  return {
    data: hub,
    lines: (paint) => [
      `${who} keeps the mailbox of this agent now. It can read none of it.`,
      '',
      ...hubLines(hub, paint),
    ],
    next: relay
      ? ['How the connection is: mesh hubs']
      : [
          'Compare the fingerprint with the owner of the hub; it is shown where the hub runs.',
          'See who else is there: mesh directory',
          `Ask somebody there for trust: mesh request NAME@${shellWord(visible(hub.name))}`,
        ],
  };
}
