import { codeOf, type ErrorCode } from '#kernel';
import type { NewInboxMessage } from '#delivery';
import { type Batch, decodeBatch, decodeMessage, type Frame, type Message, type Receipt } from '#protocol';
import { admitMessage, type Contact } from '#trust';
import { type CheckedKeyPackage, checkKeyPackage } from './key-packages.ts';
import type { Judged } from './guard-store.ts';
import type { Lane } from './lane.ts';
import { judgeInbound } from './message-guard.ts';

/** A frame of a contact that may send some. */
export interface Incoming {
  readonly lane: Lane;
  readonly frame: Frame;
  readonly contact: Contact;
}

/** What was in the batch, after policy: rows for the inbox, and what to answer. */
export interface Content {
  readonly messages: readonly Message[];
  readonly rows: readonly NewInboxMessage[];
  /** What the guard says of each of them. */
  readonly judged: readonly (Judged | undefined)[];
  readonly refusals: readonly Receipt[];
  readonly receipts: readonly Receipt[];
  readonly keyPackages: readonly CheckedKeyPackage[];
  readonly malformed: boolean;
}

export const emptyContent: Content = {
  messages: [],
  rows: [],
  judged: [],
  refusals: [],
  receipts: [],
  keyPackages: [],
  malformed: false,
};

export async function readBatch(incoming: Incoming, plaintext: Uint8Array): Promise<Content> {
  const { lane } = incoming;
  try {
    const batch = decodeBatch(plaintext);
    return { ...sortMessages(incoming, batch), keyPackages: await goodKeyPackages(lane, batch) };
  } catch (error) {
    const { frame } = incoming;
    lane.ports.logger.warn('batch.malformed', {
      agent: lane.agent.name,
      peer: lane.peer,
      frame: frame.id,
      code: codeOf(error),
    });
    return { ...emptyContent, malformed: true };
  }
}

function sortMessages(incoming: Incoming, batch: Batch): Content {
  const { lane, contact, frame } = incoming;
  const { clock, limits } = lane.ports;
  const now = clock.now();
  const messages: Message[] = [];
  const rows: NewInboxMessage[] = [];
  const judged: (Judged | undefined)[] = [];
  const refusals: Receipt[] = [];
  for (const body of batch.messages) {
    const said = decodeMessage(body, limits);
    const code = misaddressed(lane, said) ?? untimely(lane, said) ?? admitMessage(contact, said, limits);
    if (code !== undefined) {
      refusals.push({ kind: 'refused', messageId: said.id, code, at: now });
      continue;
    }
    // The sender is who the session says, whatever the text claims.
    const message = { ...said, from: lane.peer, to: lane.agent.agentId };
    messages.push(message);
    rows.push(inboxRow(lane, { message, body, frame }));
    judged.push(judgeInbound(lane, contact, message));
  }
  return { ...emptyContent, messages, rows, judged, refusals, receipts: batch.receipts };
}

function misaddressed(lane: Lane, message: Message): ErrorCode | undefined {
  const { agentId, formerIds } = lane.agent;
  return message.to === agentId || formerIds.includes(message.to) ? undefined : 'WRONG_RECIPIENT';
}

/** A message from further ahead than any may live would have to be remembered for as long (spec 11.9). */
function untimely({ ports }: Lane, { timestamp, ttl }: Message): ErrorCode | undefined {
  const now = ports.clock.now();
  if (timestamp + ttl * 1000 <= now) return 'EXPIRED';
  return timestamp > now + ports.limits.maxTtlSeconds * 1000 ? 'TIMESTAMP_FUTURE' : undefined;
}

function inboxRow(lane: Lane, parts: { message: Message; body: Uint8Array; frame: Frame }): NewInboxMessage {
  const { message, body, frame } = parts;
  return {
    id: message.id,
    agent: lane.agent.name,
    sender: lane.peer,
    type: message.type,
    priority: message.priority,
    conversationId: message.conversationId,
    body,
    frameId: frame.id,
    receivedAt: lane.ports.clock.now(),
    expiresAt: message.timestamp + message.ttl * 1000,
    ...(message.correlationId === undefined ? {} : { correlationId: message.correlationId }),
    ...(message.idempotencyKey === undefined ? {} : { idempotencyKey: message.idempotencyKey }),
    ...(message.replayOf === undefined ? {} : { replayOf: message.replayOf }),
  };
}

async function goodKeyPackages(lane: Lane, batch: Batch): Promise<readonly CheckedKeyPackage[]> {
  const checked = batch.keyPackages.map((bytes) =>
    checkKeyPackage(lane.ports, lane.peer, bytes).catch(() => undefined),
  );
  return (await Promise.all(checked)).filter((keyPackage) => keyPackage !== undefined);
}
