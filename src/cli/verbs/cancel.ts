import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { visible } from '../terminal-text.ts';

/** Takes back a message that waits unencrypted; of any other the node says why not. */
export async function cancel({ args, client, settings, signal }: Call): Promise<Outcome> {
  const message = await client.cancel({ agent: settings.agent, id: args.at(0, 'ID') }, { signal });
  return {
    data: message,
    lines: () => [`${message.id}  to ${visible(message.peer)} is cancelled. It never left.`],
  };
}
