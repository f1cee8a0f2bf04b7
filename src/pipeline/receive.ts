import { codeOf, type ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import { appendAudit } from '#audit';
import type { FrameOutcome, NewInboxMessage } from '#delivery';
import type { Frame, FrameId, MessageId } from '#protocol';
import type { OpenedStep, SecureSession, SessionRecord } from '#session';
import { admitFrame, type Contact } from '#trust';
import { applyReceipt } from './apply-receipt.ts';
import { noteMessages, type NotNow, notNow, pauseFor } from './inbound-room.ts';
import type { Lane, LocalAgent, PipelinePorts } from './lane.ts';
import { loadSession, sealState } from './lane-session.ts';
import { creditAnswer } from './message-budget.ts';
import { joinSession } from './join-session.ts';
import { storeAndLease } from './lend-turns.ts';
import { type Content, emptyContent, type Incoming, readBatch } from './read-batch.ts';
import { refused } from './refused.ts';
import { keepBack } from './keep-back.ts';
import { noteHeard } from './provenance.ts';
import { insertOnce } from './repeated-message.ts';
import type { MeshTransaction } from './store.ts';

const delivered: FrameOutcome = { kind: 'delivered' };

/** The link that a frame came by. */
export interface FrameSource {
  isOpen(): boolean;
  /** Nothing more is taken from it: the peer repeats on the next link what was refused for now, in order. */
  shut(): void;
  /** What was refused for a while: nothing is taken before it comes again, so that the order stays (spec 6.10). */
  held: { readonly frameId: FrameId; readonly refusal: NotNow } | undefined;
}

/**
 * The way of a sealed frame in, from the link to the inbox. Resolves when everything in it is committed, or with the final refusal;
 * rejects when it must be sent again (disk full, node stopping), and shuts the link then. Cheap refusals come first.
 */
export async function receiveFrame(lane: Lane, frame: Frame, link: FrameSource): Promise<FrameOutcome> {
  const { clock } = lane.ports;
  const refusal = admitFrame(contactOf(lane));
  if (refusal !== undefined) return answerOf(lane, lane.peer, frame) ?? refused(refusal);
  if (frame.expiresAt <= clock.now()) return refused('EXPIRED');
  return lane.serial.run(async () => {
    if (!link.isOpen()) return refused('LINK_CLOSED');
    // The owner may have decided otherwise while the frame was in line.
    const contact = contactOf(lane);
    const changed = admitFrame(contact);
    if (changed === undefined && link.held !== undefined && link.held.frameId !== frame.id) return link.held.refusal;
    try {
      const answer = answerOf(lane, lane.peer, frame);
      if (answer !== undefined) return answer;
      if (changed !== undefined || contact === undefined) return refused(changed ?? 'NOT_TRUSTED');
      const pause = frame.kind === 'app' ? notNow(lane, contact) : undefined;
      link.held = pause && { frameId: frame.id, refusal: pause };
      if (pause !== undefined) return pause;
      return withPause(
        { lane, contact },
        await (frame.kind === 'welcome' ? joinSession(lane, frame) : openFrame({ lane, frame, contact })),
      );
    } catch (error) {
      // What is behind it on the link is in line already, and would be taken before it.
      link.shut();
      throw error;
    }
  });
}

/** Taken, and perhaps the last with messages for a while. */
function withPause({ lane, contact }: Pick<Incoming, 'lane' | 'contact'>, outcome: FrameOutcome): FrameOutcome {
  const pause = outcome.kind === 'delivered' ? pauseFor(lane, contact) : undefined;
  return pause === undefined ? outcome : { kind: 'delivered', pause };
}

const contactOf = ({ agent, peer, ports }: Lane): Contact | undefined =>
  ports.store.read.contacts.byAgentId(agent.name, peer);

/**
 * A known frame is answered as before, without opening anything (spec §5.7), also when there is no trust any more: what it holds was
 * taken, and its sender must not believe that it was refused. Undefined for others.
 */
export function answerOf(
  { agent, ports }: { readonly agent: LocalAgent; readonly ports: PipelinePorts },
  sender: AgentId,
  frame: Frame,
): FrameOutcome | undefined {
  const { inbox } = ports.store.read;
  if (!inbox.hasFrame(agent.name, sender, frame.id)) return undefined;
  const code = inbox.refusalOfFrame(agent.name, sender, frame.id);
  return code === undefined ? delivered : refused(code);
}

async function openFrame(incoming: Incoming): Promise<FrameOutcome> {
  const { lane, frame } = incoming;
  const found = await openInSession(lane, frame);
  if ('code' in found) return refused(found.code);
  const content = found.step.kind === 'app' ? await readBatch(incoming, found.step.plaintext) : emptyContent;
  const inserted = await commitIncoming(incoming, { ...found, content });
  found.step.wipe();
  noteMessages(lane, incoming.contact, content.messages.length + content.refusals.length);
  if (lane.session?.groupId === found.record.groupId) lane.session = found.step.next;
  else lane.openSessions.set(found.record.groupId, found.step.next);
  announce(incoming, { content, inserted });
  return content.malformed ? refused('MALFORMED') : delivered;
}

interface Opened {
  readonly record: SessionRecord;
  readonly step: OpenedStep;
}

async function openInSession(lane: Lane, frame: Frame): Promise<Opened | { readonly code: ErrorCode }> {
  try {
    const groupId = lane.ports.engine.groupIdOf(frame.bytes);
    const record = lane.ports.store.read.sessions.session(lane.agent.name, groupId);
    if (record === undefined || record.peer !== lane.peer) return { code: 'SESSION_UNKNOWN' };
    return { record, step: await liveSession(lane, record).open(frame.bytes, lane.ports.clock.now()) };
  } catch (error) {
    const code = codeOf(error);
    lane.ports.logger.warn('frame.not-opened', { agent: lane.agent.name, peer: lane.peer, frame: frame.id, code });
    const { name: agent } = lane.agent;
    lane.ports.emit({ type: 'frame-refused', agent, peer: lane.peer, frame: frame.id, reason: code });
    // A replay with a new frame id, or a sender whose state was rolled back: only a new session helps, dedup keeps it single.
    return { code: code === 'MALFORMED' ? 'MALFORMED' : 'SESSION_BROKEN' };
  }
}

function liveSession(lane: Lane, record: SessionRecord): SecureSession {
  if (lane.session?.groupId === record.groupId) return lane.session;
  return lane.openSessions.get(record.groupId) ?? loadSession(lane, record);
}

/** ONE transaction: session state, inbox rows with their dedup, receipts both ways, the frame id, the audit entry. */
function commitIncoming(
  incoming: Incoming,
  opened: Opened & { readonly content: Content },
): Promise<ReadonlySet<MessageId>> {
  const { lane } = incoming;
  return storeAndLease(lane, (tx) => {
    lane.applied.length = 0;
    const { record, step, content } = opened;
    const state = sealState(lane, step.next);
    tx.sessions.saveState({ agent: lane.agent.name, groupId: record.groupId, state, confirmed: true });
    rememberFrame(incoming, tx, content);
    const inserted = writeInbox(incoming, tx, content);
    for (const receipt of content.receipts) applyReceipt(lane, tx, receipt);
    for (const { bytes, ref, expiresAt } of content.keyPackages) {
      tx.sessions.putPeerKeyPackage({ agent: lane.agent.name, peer: lane.peer, ref, bytes, expiresAt });
    }
    return inserted;
  });
}

function rememberFrame({ lane, frame }: Incoming, tx: MeshTransaction, { malformed }: Content): void {
  const known = { frameId: frame.id, kind: frame.kind, kept: lane.ports.limits.receivedFramesKept };
  tx.inbox.rememberFrame(lane.agent.name, lane.peer, malformed ? { ...known, refused: 'MALFORMED' } : known);
}

function writeInbox({ lane, frame }: Incoming, tx: MeshTransaction, content: Content): ReadonlySet<MessageId> {
  const at = lane.ports.clock.now();
  const to = { agent: lane.agent.name, peer: lane.peer };
  const ids = new Set<MessageId>();
  let withoutRoom = 0;
  for (const [index, row] of content.rows.entries()) {
    const message = content.messages[index];
    const result = insertOnce(lane, tx, { row, message });
    if (result === 'refused') withoutRoom += 1;
    if (result !== 'new') continue;
    const judged = content.judged[index];
    if (judged !== undefined && keepBack(lane, tx, { row, judged, at })) {
      if (judged.verdict === 'block') withoutRoom += 1;
      continue;
    }
    ids.add(row.id);
    if (message !== undefined) lane.ports.recent.keep(message, row.body);
    if (isAwaited(lane, row)) {
      tx.inbox.markSeen(row.agent, [row.id], at);
      tx.inbox.complete(row.agent, row.id);
      if (message !== undefined) {
        const answer = { agent: row.agent, sender: row.sender, message };
        creditAnswer(lane.ports, tx, answer);
        noteHeard(tx, answer);
      }
      tx.outbox.queueReceipt(to, { kind: 'seen', messageIds: [row.id], at });
    }
  }
  for (const refusal of content.refusals) tx.outbox.queueReceipt(to, refusal);
  if (content.rows.length > withoutRoom) tx.outbox.queueReceipt(to, { kind: 'delivered', frameId: frame.id, at });
  if (frame.kind === 'receipt') return ids;
  const data = {
    peer: lane.peer,
    frame: frame.id,
    frameKind: frame.kind,
    messages: [...ids],
    refused: content.refusals.length + withoutRoom,
  };
  appendAudit(tx.audit, { at, agent: lane.agent.name, kind: 'frame.opened', data });
  return ids;
}

/** An answer for which somebody waits goes to them. */
const isAwaited = ({ ports }: Lane, { agent, sender, type, correlationId: request }: NewInboxMessage): boolean =>
  type === 'response' && request !== undefined && ports.isAwaited({ agent, peer: sender, request });

/** After the commit: tell the node, and answer with receipts. */
function announce({ lane }: Incoming, done: { content: Content; inserted: ReadonlySet<MessageId> }): void {
  const { content, inserted } = done;
  for (const event of lane.applied.splice(0)) lane.ports.emit(event);
  const messages = content.messages.filter(({ id }) => inserted.has(id));
  if (messages.length > 0) lane.ports.emit({ type: 'received', agent: lane.agent.name, peer: lane.peer, messages });
  if (content.rows.length > 0 || content.refusals.length > 0) lane.hasReceipts = true;
  if (lane.hasReceipts) lane.flushLater();
}
