import { codeOf, toMeshError } from '#kernel';
import { appendAudit } from '#audit';
import {
  FairTurns,
  type NewOutboxFrame,
  type NewOutboxMessage,
  type OutboxMessage,
  type Overtaken,
  type QueuedReceipt,
} from '#delivery';
import { checkMessage, encodeBatch, encodeMessage, type Message } from '#protocol';
import { maySend } from '#trust';
import { type Accepted, acceptMessage } from './accept-message.ts';
import type { Arrival } from './arrivals.ts';
import { expireMessages } from './expire-messages.ts';
import { freshKeyPackage, type FreshKeyPackage, noteKeyPackageGiven, owesKeyPackage } from './key-packages.ts';
import type { Lane } from './lane.ts';
import { handshakeFrame, type Prepared, prepareSession, replaceSession, sealState } from './lane-session.ts';
import { writeSpending } from './message-budget.ts';
import { judgeOutbound, refuseBlocked } from './message-guard.ts';
import { settle } from './settle.ts';
import type { Spending } from './spendings.ts';
import type { MeshTransaction } from './store.ts';
import { takeArrivals } from './take-arrivals.ts';
import { tellLane } from './tell-steps.ts';

/**
 * The way of a message out, from the agent's call to the frame on a link. Resolves when the message is committed in the outbox: from
 * then on it cannot be lost. Throws what `maySend` and `checkMessage` throw, OUTBOX_FULL and STORE_FULL.
 */
export async function sendMessage(lane: Lane, message: Message, spending?: Spending): Promise<Accepted> {
  maySendNow(lane, message);
  const judged = judgeOutbound(lane, message);
  refuseBlocked(judged);
  return acceptMessage(lane, outboxRow(lane, message), { spending, judged });
}

/** Throws what keeps the message from being accepted, the guard aside; does nothing else. */
export function maySendNow(lane: Lane, message: Message): void {
  const { store, limits } = lane.ports;
  checkMessage(message, limits);
  maySend(store.read.contacts.byAgentId(lane.agent.name, lane.peer), message, limits);
}

/** The row as it is stored; also for answers, which are written in the transaction that completes their request. */
export function outboxRow(lane: Lane, message: Message): NewOutboxMessage {
  return {
    id: message.id,
    agent: lane.agent.name,
    peer: lane.peer,
    type: message.type,
    priority: message.priority,
    conversationId: message.conversationId,
    body: encodeMessage(message),
    createdAt: message.timestamp,
    expiresAt: message.timestamp + message.ttl * 1000,
    ...(message.replayOf === undefined ? {} : { replayOf: message.replayOf }),
    ...(message.correlationId === undefined ? {} : { correlationId: message.correlationId }),
    ...(message.idempotencyKey === undefined ? {} : { idempotencyKey: message.idempotencyKey }),
  };
}

/** Seals and sends what waits for the peer: new arrivals, stored messages, receipts. Runs inside the lane's serial. */
export async function flushLane(lane: Lane): Promise<void> {
  while (hasWork(lane)) {
    if (!lane.courier.hasRoom) {
      const { link, isHeld } = lane.courier;
      if (link !== undefined && !isHeld && lane.maySoonHaveRoom()) return;
      await storeArrivals(lane);
      lane.courier.wake();
      return;
    }
    lane.noteRoom();
    let prepared: Prepared | undefined;
    try {
      prepared = await prepareSession(lane);
    } catch (error) {
      await storeArrivals(lane);
      lane.courier.fail(toMeshError(error));
      return;
    }
    if (prepared === undefined) return storeArrivals(lane);
    if (!(await sealNext(lane, prepared))) return;
  }
  // What the peer does not want now is accepted all the same.
  if (lane.courier.isHeld) await storeArrivals(lane);
}

function hasWork({ courier, arrivals, hasStored, hasReceipts }: Lane): boolean {
  if (hasReceipts) return true;
  return (arrivals.length > 0 || hasStored) && (!courier.isHeld || courier.probeDue);
}

/** No route: the messages are accepted unsealed, so that they can still expire, be batched, or get another session. */
export async function storeArrivals(lane: Lane): Promise<void> {
  const arrivals = lane.arrivals.takeAll();
  if (arrivals.length === 0) return;
  lane.hasStored = true;
  await settle(arrivals, () =>
    lane.ports.store.transact((tx) => {
      for (const arrival of arrivals) insertArrival(lane, tx, arrival);
    }),
  );
  tellLane(lane, idsOf(arrivals), { step: 'queued', state: 'queued' });
}

const idsOf = (arrivals: readonly Arrival[]): readonly Message['id'][] => arrivals.map(({ message }) => message.id);

/** To the peer as it is known now: it may have taken a new key since the message was made. */
function insertArrival({ peer, ports }: Lane, tx: MeshTransaction, { message, spending, judged }: Arrival): void {
  const seq = tx.outbox.insert({ ...message, peer });
  if (judged !== undefined) tx.guards.put({ direction: 'out', seq }, { ...judged, at: ports.clock.now() });
  if (spending !== undefined) writeSpending(tx, message, spending);
}

/** What goes into the next frame. */
interface Load {
  /** Not in the store yet, and sealed by this frame. */
  readonly arrivals: readonly Arrival[];
  /** Not in the store yet, but older messages go first. No more than one frame's worth: whoever sends more is slowed down to what leaves. */
  readonly waiting: readonly Arrival[];
  readonly messages: readonly NewOutboxMessage[];
  /** Where the priorities go on once this is sealed. */
  readonly overtaken: Overtaken;
  readonly receipts: readonly QueuedReceipt[];
  readonly keyPackage?: FreshKeyPackage;
}

/** False when nothing could be sealed now. */
async function sealNext(lane: Lane, prepared: Prepared): Promise<boolean> {
  const load = await nextLoad(lane, prepared);
  const isDue = lane.courier.probeDue || load.receipts.length > 0 || load.keyPackage !== undefined;
  const hasContent = load.messages.length > 0 || isDue;
  if (!hasContent && prepared.frames.length === 0) {
    await storeLoad(lane, load);
    return hasWork(lane);
  }
  if (hasContent) {
    const plaintext = plaintextOf(load);
    try {
      prepared.frames.push(await sealLoad(lane, { load, prepared, plaintext }));
    } catch (error) {
      await storeLoad(lane, load);
      await replaceSession(lane, { groupId: prepared.session.groupId, reason: codeOf(error) });
      return true;
    }
  }
  return commitLoad(lane, { load, prepared });
}

async function nextLoad(lane: Lane, prepared: Prepared): Promise<Load> {
  const { limits } = lane.ports;
  const owes = owesKeyPackage(lane);
  const maxBytes = owes ? Math.min(limits.maxBatchBytes, limits.maxBatchBytesWithKeyPackage) : limits.maxBatchBytes;
  const messages = await nextMessages(lane, maxBytes);
  const bytes = messages.messages.reduce((total, { body }) => total + body.length, 0);
  // A message with large attachments fills a frame by itself: everything else waits for the next one.
  if (bytes > maxBytes) return { ...messages, receipts: [] };
  const receipts = nextReceipts(lane);
  // Goes along with anything: a peer whose welcome was joined may have used up the last one.
  const isDue = bytes > 0 || receipts.length > 0 || prepared.frames.length > 0;
  const given = isDue && owes ? { keyPackage: await freshKeyPackage(lane.agent, lane.ports) } : {};
  return { ...messages, receipts, ...given };
}

/** As many receipts as fit beside a full batch of messages. */
function nextReceipts(lane: Lane): readonly QueuedReceipt[] {
  if (!lane.hasReceipts) return [];
  const { store, limits } = lane.ports;
  const scope = { agent: lane.agent.name, peer: lane.peer };
  const queued = store.read.outbox.receipts({ ...scope, limit: limits.maxReceiptsPerFrame });
  let ids = 0;
  const fitting = queued.findIndex(({ receipt }) => {
    ids += receipt.kind === 'seen' ? receipt.messageIds.length : 2;
    return ids > limits.maxReceiptIdsPerFrame;
  });
  const receipts = fitting === -1 ? queued : queued.slice(0, Math.max(1, fitting));
  lane.hasReceipts = receipts.length < queued.length || queued.length >= limits.maxReceiptsPerFrame;
  return receipts;
}

async function nextMessages(lane: Lane, maxBytes: number): Promise<Omit<Load, 'receipts' | 'keyPackage'>> {
  const { store, limits } = lane.ports;
  const scope = { agent: lane.agent.name, peer: lane.peer };
  const turns = new FairTurns(lane.overtaken, limits);
  if (lane.courier.isHeld) {
    await storeArrivals(lane);
    return { arrivals: [], waiting: [], messages: [], overtaken: lane.overtaken };
  }
  if (lane.hasStored) {
    const size = { maxBytes, limit: limits.leaseBatch };
    const stored = store.read.outbox.waiting({ ...scope, ...size, turns });
    // Before anything is waited for: meanwhile an answer may be stored, and says so.
    lane.hasStored = stored.length > 0;
    const fresh = await unexpired(lane, stored);
    const { overtaken } = turns;
    if (stored.length > 0)
      return { arrivals: [], waiting: takeArrivals(lane, { turns, maxBytes }), messages: fresh, overtaken };
  }
  const arrivals = takeArrivals(lane, { turns, maxBytes });
  const { overtaken } = turns;
  return { arrivals, waiting: [], messages: arrivals.map(({ message }) => message), overtaken };
}

async function unexpired(lane: Lane, stored: readonly OutboxMessage[]): Promise<readonly OutboxMessage[]> {
  const now = lane.ports.clock.now();
  const fresh = stored.filter((message) => message.expiresAt > now);
  if (fresh.length < stored.length) await expireMessages(lane.ports);
  return fresh;
}

function plaintextOf({ messages, receipts, keyPackage }: Load): Uint8Array {
  return encodeBatch({
    messages: messages.map(({ body }) => body),
    receipts: receipts.map(({ receipt }) => receipt),
    keyPackages: keyPackage === undefined ? [] : [keyPackage.bytes],
  });
}

async function sealLoad(
  lane: Lane,
  parts: { load: Load; prepared: Prepared; plaintext: Uint8Array },
): Promise<NewOutboxFrame> {
  const { load, prepared, plaintext } = parts;
  const step = await prepared.session.seal(plaintext);
  prepared.session = step.next;
  prepared.steps.push(step);
  const first = load.messages[0];
  const frame = handshakeFrame(lane, {
    kind: load.messages.length === 0 ? 'receipt' : 'app',
    groupId: step.next.groupId,
    bytes: step.bytes,
    ...(first === undefined ? {} : { priority: first.priority }),
  });
  return {
    ...frame,
    messageIds: load.messages.map(({ id }) => id),
    receiptSeqs: load.receipts.map(({ seq }) => seq),
  };
}

/** ONE transaction: messages, session state, the exact bytes, what they hold, and the audit entry. Then, and only then, the link. */
async function commitLoad(lane: Lane, parts: { load: Load; prepared: Prepared }): Promise<boolean> {
  const { load, prepared } = parts;
  const { limits } = lane.ports;
  const write = (tx: MeshTransaction): void => {
    for (const arrival of load.arrivals) insertArrival(lane, tx, arrival);
    for (const arrival of load.waiting) insertArrival(lane, tx, arrival);
    for (const add of prepared.writes) add(tx);
    load.keyPackage?.write(tx);
    if (load.keyPackage !== undefined) noteKeyPackageGiven(lane, tx);
    saveSession(lane, tx, prepared);
    for (const frame of prepared.frames) {
      tx.outbox.insertFrame(frame);
      auditFrame(lane, tx, frame);
    }
  };
  try {
    await settle([...load.arrivals, ...load.waiting], () => lane.deferred.transact(write));
  } catch (error) {
    // Nothing was transmitted and the old session value stands, so no generation is used twice. A full disk is tried again later.
    lane.hasStored = true;
    lane.hasReceipts = true;
    lane.ports.logger.error('seal.not-stored', { agent: lane.agent.name, peer: lane.peer, code: codeOf(error) });
    lane.storing.later(() => lane.flushSoon());
    return false;
  }
  lane.storing.succeeded();
  for (const step of prepared.steps) step.wipe();
  lane.session = prepared.session;
  lane.overtaken = load.overtaken;
  tellLane(lane, [...idsOf(load.arrivals), ...idsOf(load.waiting)], { step: 'queued', state: 'queued' });
  const sealed = load.messages.map(({ id }) => id);
  tellLane(lane, sealed, { step: 'sealed', state: 'queued' });
  if (load.waiting.length > 0) lane.hasStored = true;
  lane.courier.submit(prepared.frames);
  // A mailbox takes more than a peer that answers at once.
  return lane.courier.hasRoom || lane.courier.inFlight <= limits.inFlightFrames;
}

function saveSession(lane: Lane, tx: MeshTransaction, prepared: Prepared): void {
  const { groupId } = prepared.session;
  const record = tx.sessions.session(lane.agent.name, groupId);
  const confirmed = record?.confirmed ?? false;
  tx.sessions.saveState({ agent: lane.agent.name, groupId, state: sealState(lane, prepared.session), confirmed });
}

function auditFrame(lane: Lane, tx: MeshTransaction, frame: NewOutboxFrame): void {
  const { id, kind } = frame.frame;
  const data = { peer: lane.peer, frame: id, frameKind: kind, messages: frame.messageIds };
  appendAudit(tx.audit, { at: lane.ports.clock.now(), agent: lane.agent.name, kind: 'frame.sealed', data });
}

async function storeLoad(lane: Lane, load: Load): Promise<void> {
  lane.arrivals.putBack([...load.arrivals, ...load.waiting]);
  await storeArrivals(lane).catch((error: unknown) => {
    lane.ports.logger.error('outbox.not-stored', { agent: lane.agent.name, code: codeOf(error) });
  });
}
