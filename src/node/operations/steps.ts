import type { Step } from '#api';
import type { EndWitness, InboxMessage, OutboxMessage } from '#delivery';
import { defined } from './defined.ts';

type Proof = Pick<Step, 'by' | 'proof'>;

const here: Proof = { by: 'this node', proof: 'local' };
/** The session verified it: nobody but the peer can have said it. */
const receipt: Proof = { by: 'peer', proof: 'receipt' };
const proofs: Readonly<Record<EndWitness, Proof>> = {
  'this node': here,
  receipt,
  link: { by: 'peer', proof: 'link' },
};

/** Every step of a sent message and who proved it, in their order (spec 11.2). */
export function stepsOf(row: OutboxMessage): readonly Step[] {
  // Times of receipts are those of the peer's clock and cannot be compared with ours: they follow what led to them.
  return [...ownStepsOf(row), ...receiptStepsOf(row), ...endStepsOf(row)];
}

function ownStepsOf(row: OutboxMessage): readonly Step[] {
  const steps = [
    step(row.createdAt, 'queued', { ...here, ...defined({ note: row.replayOf && `says again ${row.replayOf}` }) }),
    step(row.givenUpAt, 'dead', { ...here, note: 'UNREACHABLE' }),
    step(row.revivedAt, 'revived', { ...here, note: 'the peer was heard from, or is tried again' }),
    step(row.restoredAt, 'restored', { ...here, note: 'from a backup: it may have been sent after that' }),
    step(row.sealedAt, 'sealed', { ...here, note: 'encrypted and stored on disk' }),
    step(row.sentAt, 'sent', { ...here, attempt: 1, ...defined({ route: row.firstRoute }) }),
    step(row.resealedAt, 'sealed again', { ...here, note: 'in another session' }),
    row.attempts > 1
      ? step(row.resentAt, 'sent again', { ...here, attempt: row.attempts, ...defined({ route: row.route }) })
      : [],
  ];
  return steps.flat().toSorted((a, b) => a.at - b.at);
}

function receiptStepsOf(row: OutboxMessage): readonly Step[] {
  return [
    step(row.storedAt, 'stored', { by: 'hub', proof: 'receipt', ...defined({ note: row.storedBy }) }),
    step(row.deliveredAt, 'delivered', { ...receipt, note: 'in the inbox of the peer' }),
    step(row.seenAt, 'seen', { ...receipt, note: 'given to the agent' }),
    step(row.answeredAt, 'answered', { ...receipt, ...defined({ note: row.answerId }) }),
  ].flat();
}

function endStepsOf(row: OutboxMessage): readonly Step[] {
  const end = proofs[row.endedBy ?? 'this node'];
  return [
    step(row.endedAt, row.state, { ...end, ...defined({ note: row.reason }) }),
    step(row.replayedAt, 'replayed', { ...here, ...defined({ note: row.replayedBy }) }),
  ].flat();
}

/** The way of a message that came in and that the program gave up on. */
export function inboundStepsOf(row: InboxMessage): readonly Step[] {
  return [
    step(row.receivedAt, 'received', here),
    step(row.seenAt, 'seen', { ...here, note: 'given to the agent' }),
    step(row.readAt, 'read', { ...here, note: 'by a person' }),
    step(row.deadAt, 'dead', { ...here, ...defined({ note: row.reason }) }),
  ].flat();
}

function step(at: number | undefined, state: string, facts: Omit<Step, 'at' | 'state'>): readonly Step[] {
  return at === undefined ? [] : [{ at, state, ...facts }];
}
