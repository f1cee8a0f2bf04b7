import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { visible } from '../terminal-text.ts';

/** Uses the mailbox at a hub no more. */
export async function hubLeave({ args, client, settings, signal }: Call): Promise<Outcome> {
  const result = await client.leaveHub({ agent: settings.agent, hub: args.at(0, 'HUB') }, { signal });
  const { name, url } = result.left;
  return {
    data: result,
    lines: () => [
      `This agent uses ${visible(name)} (${visible(url)}) no more.`,
      'Peers learn that with the next card. What still lies in the mailbox there is fetched when you join it again.',
    ],
    next: ['The hubs that are left: mesh hubs'],
  };
}
