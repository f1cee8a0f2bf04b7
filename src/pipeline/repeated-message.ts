import type { InboxMessage, NewInboxMessage } from '#delivery';
import { keyWindow } from './accept-message.ts';
import type { Lane } from './lane.ts';
import { type Arrived, insertWithFiles } from './receive-files.ts';
import type { MeshTransaction } from './store.ts';

/**
 * Inserts the message unless it is known, by its id, by an idempotency key within its window, or as what it says again (spec §3.2):
 * then the sender hears again what became of the first one. `refused` when there is no room for its files.
 */
export function insertOnce(lane: Lane, tx: MeshTransaction, arrived: Arrived): 'new' | 'known' | 'refused' {
  const { row } = arrived;
  const twin = twinOf(lane, tx, row);
  const result = twin === undefined ? insertWithFiles(lane, tx, arrived) : 'known';
  if (result !== 'known') return result;
  const first = twin ?? tx.inbox.message(row.agent, row.id);
  // Another sender may have used the same id.
  if (first?.sender === row.sender) tellAgain(lane, tx, { row, first });
  return result;
}

/** A message under another id that counts instead of this one. */
function twinOf(lane: Lane, tx: MeshTransaction, row: NewInboxMessage): InboxMessage | undefined {
  const first = earlierOf(lane, tx, row);
  if (first === undefined || first.id === row.id) return undefined;
  if (first.state !== 'dead' || row.replayOf === undefined) return first;
  // Its sender was told that the program gave up on it, and asks for another try: that is this one, and only this one.
  tx.inbox.purgeDead({ agent: row.agent, sender: row.sender }, [first.id]);
  return undefined;
}

function earlierOf(lane: Lane, tx: MeshTransaction, row: NewInboxMessage): InboxMessage | undefined {
  const { agent, sender, idempotencyKey: key, replayOf } = row;
  if (replayOf !== undefined) {
    const original = tx.inbox.sameAs(agent, sender, replayOf);
    if (original !== undefined) return original;
  }
  return key === undefined
    ? undefined
    : tx.inbox.firstByIdempotencyKey({ agent, sender, key, window: keyWindow(lane.ports) });
}

interface Repeat {
  readonly row: NewInboxMessage;
  readonly first: InboxMessage;
}

/** Only what is so by now: that it is seen or answered later is told for the first one alone. */
function tellAgain(lane: Lane, tx: MeshTransaction, { row, first }: Repeat): void {
  const at = lane.ports.clock.now();
  const to = { agent: row.agent, peer: row.sender };
  if (first.seenAt !== undefined) tx.outbox.queueReceipt(to, { kind: 'seen', messageIds: [row.id], at });
  if (
    first.state === 'dead' &&
    (first.type === 'request' || first.reason === 'EXPIRED' || first.reason === 'GUARD_BLOCKED')
  ) {
    const code = first.reason ?? 'HANDLER_FAILED';
    tx.outbox.queueReceipt(to, { kind: 'refused', messageId: row.id, code, at });
  }
  if (first.answerId === undefined) return;
  const answer = tx.outbox.message(row.agent, first.answerId);
  // One that waits for the owner is none yet.
  if (answer?.state === 'review') return;
  if (answer?.state === 'cancelled') {
    const code = answer.reason ?? 'CANCELLED';
    tx.outbox.queueReceipt(to, { kind: 'refused', messageId: row.id, code, at });
    return;
  }
  tx.outbox.queueReceipt(to, { kind: 'answered', messageId: row.id, answerId: first.answerId, at });
}
