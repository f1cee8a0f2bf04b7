import type { InboxMessage, NewInboxMessage } from '#delivery';
import type { Receipt } from '#protocol';
import type { Lane } from './lane.ts';
import { type Arrived, insertWithFiles } from './receive-files.ts';
import type { MeshTransaction } from './store.ts';

/**
 * Inserts the message unless it is known, by its id or by an idempotency key within its window: then the sender hears again what became of
 * the first one (spec §3.2). `refused` when there is no room for its files.
 */
export function insertOnce(lane: Lane, tx: MeshTransaction, arrived: Arrived): 'new' | 'known' | 'refused' {
  const { row } = arrived;
  const twin = firstWithKey(lane, tx, row);
  const result = twin === undefined ? insertWithFiles(lane, tx, arrived) : 'known';
  if (result !== 'known') return result;
  const first = twin ?? tx.inbox.message(row.agent, row.id);
  // Another sender may have used the same id.
  if (first?.sender === row.sender) tellAgain(lane, tx, { row, first });
  return result;
}

/** The first message with the same key counts, whatever id it has. */
function firstWithKey(lane: Lane, tx: MeshTransaction, row: NewInboxMessage): InboxMessage | undefined {
  const { clock, limits } = lane.ports;
  const { agent, sender, idempotencyKey: key } = row;
  if (key === undefined) return undefined;
  const since = clock.now() - limits.idempotencyWindowMs;
  const first = tx.inbox.firstByIdempotencyKey({ agent, sender, key, since });
  return first?.id === row.id ? undefined : first;
}

/** Only what is so by now: that it is seen or answered later is told for the first one alone. */
function tellAgain(
  lane: Lane,
  tx: MeshTransaction,
  { row, first }: { readonly row: NewInboxMessage; readonly first: InboxMessage },
): void {
  const at = lane.ports.clock.now();
  const tell = (receipt: Receipt): void => tx.outbox.queueReceipt({ agent: row.agent, peer: row.sender }, receipt);
  const { answerId } = first;
  if (first.seenAt !== undefined) tell({ kind: 'seen', messageIds: [row.id], at });
  if (answerId !== undefined) tell({ kind: 'answered', messageId: row.id, answerId, at });
  if (first.state === 'dead' && row.type === 'request')
    tell({ kind: 'refused', messageId: row.id, code: 'HANDLER_FAILED', at });
}
