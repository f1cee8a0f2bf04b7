import { errorTable, isErrorCode } from '#kernel';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { trackLines } from '../views/message-lines.ts';
import type { Tracked } from '../views/types.ts';

/** Every step of a sent message, with who said so. */
export async function track({ args, client, settings, signal }: Call): Promise<Outcome> {
  const message = await client.track({ agent: settings.agent, id: args.at(0, 'ID') }, { signal });
  return { data: message, lines: (paint) => trackLines(message, paint), next: nextSteps(message) };
}

function nextSteps({ state, peer, answerId, reason }: Tracked): readonly (string | undefined)[] {
  if (answerId !== undefined) return [`Read the answer: mesh read ${answerId}`];
  if (state === 'queued' || state === 'sent') return [`See how the connection is: mesh contact ${shellWord(peer)}`];
  return [
    reason === undefined || !isErrorCode(reason)
      ? undefined
      : `${errorTable[reason].meaning} ${errorTable[reason].hint}`,
  ];
}
