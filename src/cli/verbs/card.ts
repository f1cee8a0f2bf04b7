import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { jsonText } from '../terminal-text.ts';

/** The signed card as JSON and nothing else, so that it can go into a file. */
export async function card({ client, settings, screen, signal }: Call): Promise<Outcome> {
  const answer = await client.card({ agent: settings.agent }, { signal });
  screen.note(`Fingerprint ${answer.fingerprint}. Whoever has this in a file can ask for trust with it.`);
  return { data: answer.card, lines: () => jsonText(answer.card, 2).split('\n') };
}
