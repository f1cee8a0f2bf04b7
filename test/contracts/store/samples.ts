import { createIds, type IdSource, type Random } from '#kernel';
import type { AgentId } from '#identity';
import type { Death, KeyWindow, NewInboxMessage, NewOutboxFrame, NewOutboxMessage } from '#delivery';
import type { FrameId, MessageId } from '#protocol';
import type { MeshStore, MeshTransaction } from '#pipeline';
import type { SessionRecord } from '#session';
import type { Contact } from '#trust';

export const start = 1_800_000_000_000;
export const hour = 3_600_000;
export const day = 24 * hour;

export const bob: AgentId = 'did:key:z6MkBob';
export const bobNew: AgentId = 'did:key:z6MkBobAgain';
export const carol: AgentId = 'did:key:z6MkCarol';
export const alice = 'alice';
/** The scope of most calls. */
export const toBob = { agent: alice, peer: bob };
export const toCarol = { agent: alice, peer: carol };

let counter = 0;
const counting: Random = {
  bytes: (length) => Uint8Array.from({ length }, (_, index) => (counter++ * 31 + index) % 256),
  fraction: () => 0.5,
};
const clock = {
  now: () => start,
  monotonic: () => 0,
  sleep: () => Promise.resolve(),
  alarm: () => ({ [Symbol.dispose]: () => undefined }),
  turn: () => Promise.resolve(),
};
export const ids: IdSource = createIds(clock, counting);

export const bytesOf = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill);

export function outMessage(fields: Partial<NewOutboxMessage> = {}): NewOutboxMessage {
  return {
    ...toBob,
    id: ids.next('msg'),
    type: 'notification',
    priority: 'normal',
    conversationId: ids.next('conv'),
    body: bytesOf(100),
    createdAt: start,
    expiresAt: start + day,
    ...fields,
  };
}

export interface FrameFields {
  readonly agent?: string;
  readonly peer?: AgentId;
  readonly groupId?: string;
  readonly messageIds?: readonly MessageId[];
  readonly receiptSeqs?: readonly number[];
  readonly kind?: NewOutboxFrame['frame']['kind'];
  readonly createdAt?: number;
}

export function outFrame(fields: FrameFields = {}): NewOutboxFrame {
  const peer = fields.peer ?? bob;
  const createdAt = fields.createdAt ?? start + 1;
  return {
    agent: fields.agent ?? alice,
    peer,
    groupId: fields.groupId ?? 'aa',
    messageIds: fields.messageIds ?? [],
    receiptSeqs: fields.receiptSeqs ?? [],
    frame: {
      v: 1,
      id: ids.next('frm'),
      kind: fields.kind ?? 'app',
      from: 'did:key:z6MkAlice',
      to: peer,
      createdAt,
      expiresAt: createdAt + 30 * day,
      priority: 'high',
      bytes: bytesOf(300, 9),
    },
  };
}

export function inMessage(fields: Partial<NewInboxMessage> = {}): NewInboxMessage {
  return {
    id: ids.next('msg'),
    agent: alice,
    sender: bob,
    type: 'request',
    priority: 'normal',
    conversationId: ids.next('conv'),
    body: bytesOf(100),
    frameId: ids.next('frm'),
    receivedAt: start,
    expiresAt: start + day,
    ...fields,
  };
}

export function contactOf(fields: Partial<Contact> = {}): Contact {
  return {
    agent: alice,
    petname: 'bob',
    agentId: bob,
    state: 'trusted',
    tier: 'bounded',
    permissions: { messageTypes: ['request'], maxAttachmentBytes: 10 },
    routes: ['http://127.0.0.1:8787'],
    createdAt: start,
    updatedAt: start,
    ...fields,
  };
}

export function sessionOf(fields: Partial<SessionRecord> = {}): SessionRecord {
  return {
    ...toBob,
    groupId: 'aa',
    role: 'current',
    createdHere: true,
    confirmed: false,
    state: bytesOf(5000),
    createdAt: start,
    ...fields,
  };
}

/** Messages in the outbox, in one frame that was written to a link. */
export async function sentMessages(store: MeshStore, messages: readonly NewOutboxMessage[]): Promise<FrameId> {
  const sealed = outFrame({ messageIds: messages.map(({ id }) => id) });
  await store.transact((tx) => {
    for (const message of messages) tx.outbox.insert(message);
    tx.outbox.insertFrame(sealed);
    tx.outbox.markSent(sealed.frame.id, { at: start + 2, route: 'direct http://b' });
  });
  return sealed.frame.id;
}

/** A program gave up on a message. */
export const death = (error: string): Death => ({ error, reason: 'HANDLER_FAILED', at: start + 9 });

/** The window of an idempotency key that only the wall clock bounds. */
export const since = (time: number): KeyWindow => ({ since: time, ranMs: day, surelyRanMs: 0 });

/** Runs one write and gives back what it returned. */
export const write = <T>(store: MeshStore, work: (tx: MeshTransaction) => T): Promise<T> => store.transact(work);

export const idsOf = <T extends { readonly id: string }>(rows: readonly T[]): readonly string[] =>
  rows.map(({ id }) => id);
