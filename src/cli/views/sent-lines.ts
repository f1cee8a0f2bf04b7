import type { Paint } from '../paint.ts';
import { visible } from '../terminal-text.ts';
import { when } from '../times.ts';
import type { SentView } from './types.ts';
import { size } from './words.ts';

/**
 * What became of a message that was just handed over; `reachable` is whether there is a connection to the peer, when
 * that is known.
 */
export function sentLines(sent: SentView, reachable: boolean | undefined, paint: Paint): readonly string[] {
  const peer = visible(sent.peer);
  if (sent.wouldSend !== undefined)
    return [`Nothing was sent. The message to ${peer} is fine, with ${size(sent.bytes)}.`];
  const again = sent.duplicate
    ? ['This idempotency key was used before: here is the first message, nothing was sent again.']
    : [];
  if (sent.state === 'review' && !sent.duplicate)
    return [`${sent.id}  to ${peer} waits for your review: the guard saw something in it that may be a secret.`];
  if (sent.state !== 'queued') return [...again, `${sent.id}  to ${peer}: ${sent.state}`];
  if (reachable !== false) return [...again, `${sent.id}  on its way to ${peer}`];
  return [
    ...again,
    `${sent.id}  queued`,
    `${peer} cannot be reached now. It is sent by itself as soon as that changes,`,
    `until ${when(sent.expiresAt, paint)}.`,
  ];
}

export function sentNext(sent: SentView): readonly string[] {
  if (sent.state === 'review') return [`Look at it and decide: mesh review show ${sent.id}`];
  return sent.wouldSend === undefined ? [`See what becomes of it: mesh track ${sent.id}`] : [];
}
