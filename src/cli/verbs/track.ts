import { errorTable, isErrorCode, MeshError } from '#kernel';
import type { Call } from '../call.ts';
import { followTrack } from '../follow-track.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { trackLines } from '../views/message-lines.ts';
import type { Tracked } from '../views/types.ts';

/** Every step of a sent message, with who said so; with --follow also those that come. */
export async function track(call: Call): Promise<Outcome | undefined> {
  const { args, client, settings, signal } = call;
  const id = args.at(0, 'ID');
  if (!args.flag('follow')) {
    if (args.text('until') !== undefined) {
      throw new MeshError('INVALID_ARGUMENT', '--until is for --follow', { hint: `Run: mesh track ${id} --follow` });
    }
    const message = await client.track({ agent: settings.agent, id }, { signal });
    return { data: message, lines: (paint) => trackLines(message, paint), next: nextSteps(message) };
  }
  const { message, exitCode } = await followTrack(call, id);
  // The steps were printed as they came: in JSON there is nothing to add.
  return { data: undefined, lines: () => [], next: nextSteps(message), exitCode };
}

function nextSteps(message: Tracked): readonly (string | undefined)[] {
  const { id, state, peer, answerId, reason, replayedBy, sealedAt, restoredAt } = message;
  const files = [...new Set(message.attachments.map(({ file }) => file?.why))];
  if (answerId !== undefined) return [`Read the answer: mesh read ${answerId}`];
  if (replayedBy !== undefined) return [`See what became of it then: mesh track ${replayedBy}`];
  if (state === 'queued' || state === 'sent') {
    return [
      `See how the connection is: mesh contact ${shellWord(peer)}`,
      (sealedAt ?? restoredAt) === undefined ? `Take it back: mesh cancel ${id}` : undefined,
      ...files,
    ];
  }
  const meaning =
    reason === undefined || !isErrorCode(reason)
      ? undefined
      : `${errorTable[reason].meaning} ${errorTable[reason].hint}`;
  if (state === 'dead') {
    return [`It goes by itself when ${peer} is heard from in time. Try at once: mesh dead replay ${id}`];
  }
  return [
    ...files,
    meaning,
    state === 'refused' || state === 'expired' ? `Send it again: mesh dead replay ${id}` : undefined,
  ];
}
