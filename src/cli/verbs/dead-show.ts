import { errorTable, isErrorCode } from '#kernel';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shortIds } from '../short-id.ts';
import { deadLetterLines } from '../views/dead-lines.ts';

/** One dead letter: why, and every step of its way. */
export async function deadShow({ args, client, settings, signal }: Call): Promise<Outcome> {
  const letter = await client.deadLetter({ agent: settings.agent, id: args.at(0, 'ID') }, { signal });
  const { id, box, reason } = letter;
  const short = shortIds([id])(id);
  return {
    data: letter,
    lines: (paint) => deadLetterLines(letter, paint),
    next: [
      box === 'outbox' && isErrorCode(reason) ? errorTable[reason].hint : undefined,
      `Give it another try: mesh dead replay ${short}`,
    ],
  };
}
