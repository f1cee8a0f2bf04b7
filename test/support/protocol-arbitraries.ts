import fc from 'fast-check';
import { type AgentId, agentIdOf } from '#identity';
import type {
  Attachment,
  Batch,
  ContactAccept,
  ContactRequest,
  ConversationId,
  Frame,
  FrameId,
  InviteId,
  Json,
  LinkOperation,
  Message,
  MessageId,
  Receipt,
} from '#protocol';
import { frameKinds, messageTypes, priorities } from '#protocol';

// Any values that the wire allows, small ones first.

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''));

const uuidV7: fc.Arbitrary<string> = fc
  .tuple(hex(8), hex(4), hex(3), fc.constantFrom('8', '9', 'a', 'b'), hex(3), hex(12))
  .map(([a, b, c, variant, d, e]) => `${a}-${b}-7${c}-${variant}${d}-${e}`);

export const messageId: fc.Arbitrary<MessageId> = uuidV7.map((uuid): MessageId => `msg_${uuid}`);
export const frameId: fc.Arbitrary<FrameId> = uuidV7.map((uuid): FrameId => `frm_${uuid}`);
const conversationId = uuidV7.map((uuid): ConversationId => `conv_${uuid}`);
export const inviteId = uuidV7.map((uuid): InviteId => `inv_${uuid}`);

export const bytes = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength }).map((array) => new Uint8Array(array));

export const agentId: fc.Arbitrary<AgentId> = bytes(32).map(agentIdOf);
export const time: fc.Arbitrary<number> = fc.oneof(fc.constant(1_767_225_600_000), fc.maxSafeNat());

/** Any text, also with a byte order mark, emoji and letters beyond the BMP. */
const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: 'binary', maxLength });
const line = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength }).filter((text) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(text));
const mediaType = fc.constantFrom('text/plain', 'application/json', 'text/html;charset=utf-8', 'image/svg+xml');

const float: fc.Arbitrary<number> = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

export const json: fc.Arbitrary<Json> = fc
  .jsonValue({ maxDepth: 4, stringUnit: 'binary' })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);
const jsonObject = fc.dictionary(text(8), json, { maxKeys: 4, noNullPrototype: true });

const attachment: fc.Arbitrary<Attachment> = fc.oneof(
  fc.record({ kind: fc.constant('inline' as const), name: line(20), mediaType, bytes: bytes(0, 40) }),
  fc.record({
    kind: fc.constant('blob' as const),
    name: line(20),
    mediaType,
    size: fc.maxSafeNat(),
    blob: bytes(32),
    key: bytes(32),
  }),
  fc.record(
    {
      kind: fc.constant('url' as const),
      name: line(20),
      url: fc.webUrl({ validSchemes: ['http', 'https'] }),
      mediaType,
    },
    { requiredKeys: ['kind', 'name', 'url'] },
  ),
);

const payload = fc.record(
  { subject: line(20), body: text(80), attachments: fc.array(attachment, { maxLength: 3 }), metadata: jsonObject },
  { requiredKeys: ['body'] },
);

const budget = fc.record(
  { hops: fc.nat(), turns: fc.nat(), tokens: fc.maxSafeNat(), costUsd: float.map(Math.abs) },
  { requiredKeys: [] },
);

export const message: fc.Arbitrary<Message> = fc.record(
  {
    id: messageId,
    type: fc.constantFrom(...messageTypes),
    from: agentId,
    to: agentId,
    timestamp: time,
    ttl: fc.integer({ min: 1, max: 2_592_000 }),
    priority: fc.constantFrom(...priorities),
    conversationId,
    conversationSeq: fc.maxSafeNat(),
    parentMessageId: messageId,
    correlationId: messageId,
    idempotencyKey: line(20),
    replayOf: messageId,
    participants: fc.array(agentId, { maxLength: 3 }),
    replyContext: json,
    payload,
    trace: fc.tuple(hex(32), hex(16)).map(([trace, span]) => ({ traceparent: `00-${trace}-${span}-01` })),
    budget,
    provenance: fc.array(json, { maxLength: 2 }),
  },
  { requiredKeys: ['id', 'type', 'from', 'to', 'timestamp', 'ttl', 'priority', 'conversationId', 'payload'] },
);

export const receipt: fc.Arbitrary<Receipt> = fc.oneof(
  fc.record({ kind: fc.constant('delivered' as const), frameId, at: time }),
  fc.record({
    kind: fc.constant('seen' as const),
    messageIds: fc.array(messageId, { minLength: 1, maxLength: 4 }),
    at: time,
  }),
  fc.record({ kind: fc.constant('answered' as const), messageId, answerId: messageId, at: time }),
  fc.record({
    kind: fc.constant('refused' as const),
    messageId,
    code: fc.constantFrom('EXPIRED' as const, 'NOT_PERMITTED' as const, 'TURN_LIMIT' as const),
    at: time,
  }),
  fc.record({ kind: fc.constant('files' as const), messageId, at: time }),
);

export const batch: fc.Arbitrary<Batch> = fc.record({
  messages: fc.array(bytes(1, 60), { maxLength: 4 }),
  receipts: fc.array(receipt, { maxLength: 3 }),
  keyPackages: fc.array(bytes(1, 60), { maxLength: 2 }),
});

export const frame: fc.Arbitrary<Frame> = fc
  .record({
    id: frameId,
    kind: fc.constantFrom(...frameKinds),
    from: agentId,
    to: agentId,
    createdAt: fc.integer({ min: 0, max: 2 ** 42 }),
    lifetime: fc.integer({ min: 1, max: 2_592_000_000 }),
    priority: fc.constantFrom(...priorities),
    bytes: bytes(1, 80),
  })
  .map(({ lifetime, ...rest }): Frame => ({ v: 1, ...rest, expiresAt: rest.createdAt + lifetime }));

const contactFields = {
  v: fc.constant(1 as const),
  card: bytes(1, 60),
  to: agentId,
  at: time,
  keyPackage: bytes(1, 60),
  signature: bytes(64),
};

/** Right in form, signed by nobody. */
export const contactRequest: fc.Arbitrary<ContactRequest> = fc.record(
  { ...contactFields, nonce: bytes(16), purpose: line(20), invite: fc.record({ id: inviteId, mac: bytes(32) }) },
  { requiredKeys: ['v', 'card', 'to', 'at', 'nonce', 'keyPackage', 'signature'] },
);

export const contactAccept: fc.Arbitrary<ContactAccept> = fc.record(
  { ...contactFields, requestNonce: bytes(16), inviteMac: bytes(32) },
  { requiredKeys: ['v', 'card', 'to', 'at', 'requestNonce', 'keyPackage', 'signature'] },
);

const n = fc.maxSafeNat();
const op = <K extends LinkOperation['op']>(name: K): fc.Arbitrary<K> => fc.constant(name);
const code = fc.constantFrom('SESSION_UNKNOWN' as const, 'NOT_TRUSTED' as const, 'RATE_LIMITED' as const);

const agentIds = fc.uniqueArray(agentId, { minLength: 1, maxLength: 3 });
const roster = agentIds.map((members) => ({ members, owners: members.slice(0, 1) }));
const name = fc.constantFrom('alice', 'b.2', '0-_');

const hubOperation: fc.Arbitrary<LinkOperation> = fc.oneof(
  fc.record({ op: op('card.put'), n, card: bytes(1, 40), invite: bytes(16) }, { requiredKeys: ['op', 'n', 'card'] }),
  fc.record(
    { op: op('keypackage.put'), n, packages: fc.array(bytes(1, 40), { maxLength: 3 }), lastResort: bytes(1, 40) },
    { requiredKeys: ['op', 'n', 'packages'] },
  ),
  fc.record(
    { op: op('directory'), n, search: line(20), capability: line(20), after: name },
    { requiredKeys: ['op', 'n'] },
  ),
  fc.record(
    {
      op: op('fetch'),
      n,
      epoch: bytes(16),
      after: n,
      frames: fc.integer({ min: 1 }),
      bytes: fc.integer({ min: 1 }),
      waitMs: fc.integer({ min: 0, max: 60_000 }),
    },
    { requiredKeys: ['op', 'n', 'after', 'frames', 'bytes', 'waitMs'] },
  ),
  fc.record({ op: op('ack'), epoch: bytes(16), upTo: n }),
  fc.record({ op: op('presence'), n, agents: agentIds }),
  fc.record(
    {
      op: op('blob.put'),
      n,
      blob: bytes(32),
      to: agentIds,
      offset: n,
      size: fc.integer({ min: 1 }),
      bytes: bytes(1, 40),
    },
    { requiredKeys: ['op', 'n', 'blob', 'to', 'offset', 'size'] },
  ),
  fc.record({ op: op('blob.drop'), n, blob: bytes(32) }),
  fc
    .tuple(fc.constantFrom('room.create' as const, 'room.members' as const), n, bytes(1, 40), roster)
    .map(([kind, number, room, members]) => ({ op: kind, n: number, room, ...members })),
  fc.record({ op: op('room.append'), n, room: bytes(1, 64), epoch: n, bytes: bytes(1, 40) }),
  fc.record({ op: op('room.read'), n, room: bytes(1, 64), after: n }),
  fc.record({ op: op('done'), n, have: n }, { requiredKeys: ['op', 'n'] }),
  fc.record(
    { op: op('listing'), n, cards: fc.array(bytes(1, 40), { maxLength: 3 }), next: name },
    { requiredKeys: ['op', 'n', 'cards'] },
  ),
  fc.record({
    op: op('frames'),
    n,
    epoch: bytes(16),
    after: n,
    items: fc.array(fc.record({ cursor: n, at: n, frame: bytes(1, 40) }), { maxLength: 3 }),
    more: fc.boolean(),
  }),
  fc.record({ op: op('presence.is'), n, online: fc.array(agentId, { maxLength: 3 }) }),
  fc.record({ op: op('room.appended'), n, seq: n }),
  fc.record({ op: op('room.taken'), n, seq: n, bytes: bytes(1, 40) }),
  fc.record({
    op: op('room.entries'),
    n,
    entries: fc.array(fc.record({ seq: n, epoch: n, from: agentId, at: n, bytes: bytes(1, 40) }), { maxLength: 3 }),
    more: fc.boolean(),
  }),
);

export const linkOperation: fc.Arbitrary<LinkOperation> = fc.oneof(
  { arbitrary: hubOperation, weight: 17 },
  fc.record(
    {
      op: op('hello'),
      versions: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
      nonce: bytes(32),
      to: agentId,
    },
    { requiredKeys: ['op', 'versions', 'nonce'] },
  ),
  fc.array(fc.tuple(agentId, bytes(64)), { minLength: 1, maxLength: 2 }).chain((proofs) =>
    fc.record({
      op: op('auth'),
      agentIds: fc.constant(proofs.map(([id]) => id)),
      signatures: fc.constant(proofs.map(([, signature]) => signature)),
      rotations: fc.array(bytes(1, 40), { maxLength: 2 }),
    }),
  ),
  fc.record({ op: op('frame'), frame: bytes(1, 80) }),
  fc.record({ op: op('delivered'), frameId }),
  fc.record({ op: op('delivered'), frameId, code, retryAfterMs: n }),
  fc.record({ op: op('stored'), frameId, receipt: bytes(1, 40) }),
  fc.record({ op: op('refused'), frameId, code, retryAfterMs: n }, { requiredKeys: ['op', 'frameId', 'code'] }),
  fc.record({ op: op('credit'), frames: n, bytes: n }),
  fc.record({ op: op('card.get'), n, agent: agentId }),
  fc.record({ op: op('card'), n, agent: agentId, card: bytes(1, 40) }),
  fc.record({ op: op('keypackage.take'), n, agent: agentId }),
  fc.record({ op: op('keypackage'), n, agent: agentId, bytes: bytes(1, 40) }),
  fc.record({
    op: op('blob.get'),
    n,
    blob: bytes(32),
    offset: n,
    bytes: fc.integer({ min: 1, max: 524_288 }),
    have: n,
  }),
  fc.record({ op: op('blob'), n, bytes: bytes(1, 400) }),
  fc.record({ op: op('ping'), n }),
  fc.record({ op: op('pong'), n }),
  fc.record({ op: op('error'), n, code, hint: line(20), retryAfterMs: n }, { requiredKeys: ['op', 'code'] }),
);
