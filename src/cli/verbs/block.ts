import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { visible } from '../terminal-text.ts';

/** Takes nothing from a contact any more. */
export async function block({ args, client, settings, signal }: Call): Promise<Outcome> {
  const view = await client.block({ agent: settings.agent, contact: args.at(0, 'CONTACT') }, { signal });
  return {
    data: view,
    lines: () => [`${visible(view.petname)} is blocked: nothing is taken from it and nothing is sent to it.`],
    next: [`Allow it again: mesh tier ${shellWord(view.petname)} bounded`],
  };
}
