import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { concatBytes, defaultLimits } from '#kernel';
import type { Link } from '#link';
import { encodeBatch, encodeMessage, type InlineAttachment, type Message } from '#protocol';
import { HostilePeer, tellOn } from '../support/hostile-peer.ts';
import { codeOfRejection, inboxTexts, send, stateOf, Story, stillTalk, until } from '../support/story.ts';
import { pair, signal, type TestNode } from '../support/test-agents.ts';

const story = new Story();
let alice: TestNode;
let bob: TestNode;
let mallory: HostilePeer;
let link: Link;

beforeAll(async () => {
  alice = await story.start('alice');
  bob = await story.start('bob');
  mallory = await HostilePeer.create();
  await pair(alice, bob);
  await mallory.befriend(alice);
  link = await mallory.connect(alice);
  await mallory.openSession(link);
});

afterAll(() => story[Symbol.asyncDispose]());

const { maxInlineAttachmentBytes, maxMessageBytes, maxSubjectCharacters } = defaultLimits;
const self = (): Message['to'] => alice.host.agent.agentId;
const inline = (size: number, name = 'a.bin'): InlineAttachment => ({
  kind: 'inline',
  name,
  mediaType: 'application/octet-stream',
  bytes: new Uint8Array(size),
});

/** What Alice's node says about a frame with the message; its body is `bad`, so that it would show in the inbox. */
async function tellMessage(changed: object): Promise<string> {
  const message = { ...mallory.message(self(), { payload: { body: 'bad' } }), ...changed };
  return tellOn(link, await mallory.sealMessages(self(), message));
}

/** The code of the receipt in which Alice's node refuses a message that it could read. */
async function refusalOf(message: Message): Promise<string> {
  expect(await tellOn(link, await mallory.sealMessages(self(), message))).toBe('delivered');
  const refusals = () => mallory.receipts.filter((receipt) => receipt.kind === 'refused');
  await until(() => refusals().some(({ messageId }) => messageId === message.id));
  return refusals().find(({ messageId }) => messageId === message.id)?.code ?? '';
}

async function expectNothingLost(): Promise<void> {
  const body = `good ${mallory.receipts.length} ${mallory.message(self()).id}`;
  const message = mallory.message(self(), { payload: { body } });
  expect(await tellOn(link, await mallory.sealMessages(self(), message))).toBe('delivered');
  const texts = await inboxTexts(alice);
  expect(texts).toContain(body);
  expect(texts).not.toContain('bad');
  await stillTalk(bob, alice);
}

describe('inside a session a peer may seal anything, and', () => {
  test.each<[string, () => Uint8Array]>([
    ['no batch', () => new Uint8Array(256).fill(0xff)],
    ['a batch that is cut off', () => encodeBatch({ messages: [], receipts: [], keyPackages: [] }).slice(0, 100)],
    [
      'a batch with something in its padding',
      () => encodeBatch({ messages: [], receipts: [], keyPackages: [] }).fill(1, -1),
    ],
    ['a batch that is larger than fits in a frame', () => new Uint8Array(97 * 1024)],
    ['an empty plaintext', () => new Uint8Array()],
  ])('%s is refused as malformed or too large', async (_what, plaintext) => {
    const frame = await mallory.seal(self(), plaintext());
    if (plaintext().length < 96 * 1024) {
      expect(await tellOn(link, frame)).toBe('MALFORMED');
    } else {
      expect(await mallory.tell(alice, frame)).toBe('closed FRAME_TOO_LARGE');
      await mallory.openSession(link);
    }
    await expectNothingLost();
  });

  test.each<[string, object]>([
    ['with a field that is not known', { replyTo: 'http://evil.example' }],
    ['of a type that is not known', { type: 'order' }],
    ['whose id is a path', { id: 'msg_../../../etc/passwd' }],
    ['whose id has a NUL', { id: 'msg_01900000-0000-7000-8000-00000000000\0' }],
    ['with a NUL in its subject', { payload: { body: 'bad', subject: 'a\0b' } }],
    ['with a time that is none', { timestamp: -1 }],
    ['that lives for ever', { ttl: Number.MAX_SAFE_INTEGER }],
    ['with half a character', { payload: { body: 'bad', metadata: { a: Number.NaN } } }],
    [
      'with an attachment that has no bytes',
      { payload: { body: 'bad', attachments: [{ kind: 'inline', name: 'a' }] } },
    ],
    [
      'with an attachment to be fetched from a file',
      { payload: { body: 'bad', attachments: [{ kind: 'url', name: 'a', url: 'file:///etc/passwd' }] } },
    ],
    ['larger than 64 KB', { payload: { body: 'b'.repeat(maxMessageBytes + 1) } }],
    ['with a subject that is too long', { payload: { body: 'bad', subject: 's'.repeat(maxSubjectCharacters + 1) } }],
    [
      'with attachments that are too large',
      { payload: { body: 'bad', attachments: [inline(maxInlineAttachmentBytes + 1)] } },
    ],
  ])('a message %s is refused', async (_what, changed) => {
    expect(await tellMessage(changed)).toBe('MALFORMED');
    await expectNothingLost();
  });

  test('a message that is as large as it may be is taken, and a name of a file is data', async () => {
    const attachments = [inline(maxInlineAttachmentBytes, '../../../tmp/evil')];
    const subject = 's'.repeat(maxSubjectCharacters);
    const files = mallory.message(self(), { payload: { body: 'files', subject, attachments } });
    const text = mallory.message(self(), { payload: { body: 't'.repeat(maxMessageBytes) } });
    for (const message of [files, text]) {
      expect(await tellOn(link, await mallory.sealMessages(self(), message))).toBe('delivered');
    }
    const taken = await alice.api.message({ id: files.id }, { signal });
    expect(taken).toMatchObject({
      subject,
      attachments: [{ name: '../../../tmp/evil', size: maxInlineAttachmentBytes }],
    });
    expect((await alice.api.message({ id: text.id }, { signal })).body).toHaveLength(maxMessageBytes);
  });

  test('what was refused as malformed is refused again when it is repeated', async () => {
    const frame = await mallory.seal(self(), new Uint8Array(256).fill(0xff));
    expect(await tellOn(link, frame)).toBe('MALFORMED');
    expect(await tellOn(link, frame)).toBe('MALFORMED');
    await expectNothingLost();
  });

  test('a message whose time is over is refused, and so is a frame', async () => {
    const late = mallory.message(self(), { timestamp: Date.UTC(2020, 0, 1), payload: { body: 'bad' } });
    expect(await refusalOf(late)).toBe('EXPIRED');
    const frame = await mallory.sealMessages(self(), mallory.message(self(), { payload: { body: 'bad' } }));
    const createdAt = Date.UTC(2020, 0, 1);
    expect(await tellOn(link, { ...frame, createdAt, expiresAt: createdAt + 1000 })).toBe('EXPIRED');
    await mallory.openSession(link);
    await expectNothingLost();
  });

  test('a message for another agent is refused', async () => {
    const message = mallory.message(bob.host.agent.agentId, { payload: { body: 'bad' } });
    expect(await refusalOf(message)).toBe('WRONG_RECIPIENT');
    await expectNothingLost();
  });

  test('a message is from who sealed it, whatever it says', async () => {
    const forged = mallory.message(self(), { from: bob.host.agent.agentId, payload: { body: 'I am Bob' } });
    expect(await tellOn(link, await mallory.sealMessages(self(), forged))).toBe('delivered');
    const taken = await alice.api.message({ id: forged.id }, { signal });
    expect(taken).toMatchObject({ peerId: mallory.agentId, peer: 'mallory' });
  });

  test('receipts for messages to another move nothing', async () => {
    await bob.down();
    const id = await send(alice, 'bob', 'to Bob alone');
    const at = Date.now();
    const receipts = [
      { kind: 'seen', messageIds: [id], at },
      { kind: 'refused', messageId: id, code: 'NOT_PERMITTED', at },
      { kind: 'answered', messageId: id, answerId: mallory.message(self()).id, at },
    ];
    const batch = { messages: [], keyPackages: [], receipts } as unknown as Parameters<typeof encodeBatch>[0];
    expect(await tellOn(link, await mallory.seal(self(), encodeBatch(batch)))).toBe('delivered');
    expect(await stateOf(alice, id)).toBe('queued');
    await bob.up();
    await expectNothingLost();
    expect(await inboxTexts(bob)).toContain('to Bob alone');
  });

  test('a bit that changed on the way, or bytes of no session, open nothing and break nothing', async () => {
    const message = mallory.message(self(), { payload: { body: 'whole' } });
    const { bytes, ...frame } = await mallory.sealMessages(self(), message);
    const changed = Uint8Array.from(bytes);
    changed[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(await mallory.tell(alice, { ...frame, bytes: changed })).toBe('SESSION_BROKEN');
    const cut = bytes.slice(0, 60);
    expect(['MALFORMED', 'SESSION_BROKEN']).toContain(await mallory.tell(alice, { ...frame, bytes: cut }));
    expect(await mallory.tell(alice, { ...frame, bytes: concatBytes(Uint8Array.of(9), bytes) })).toBe('MALFORMED');
    expect(await mallory.tell(alice, { ...frame, bytes, kind: 'welcome' })).not.toBe('delivered');
    link = await mallory.connect(alice);
    expect(await inboxTexts(alice)).not.toContain('whole');
    expect(await tellOn(link, { ...frame, bytes })).toBe('delivered');
    expect(await inboxTexts(alice)).toContain('whole');
    await expectNothingLost();
  });
});

describe('a message that its own sender made too large', () => {
  const base64 = (size: number): string => Buffer.alloc(size).toString('base64');
  const file = (size: number) => [{ name: 'a.bin', mediaType: 'application/octet-stream', base64: base64(size) }];

  test.each<[string, object, string]>([
    ['in its text', { text: 't'.repeat(maxMessageBytes + 1) }, 'MESSAGE_TOO_LARGE'],
    ['in its subject', { subject: 's'.repeat(maxSubjectCharacters + 1) }, 'SUBJECT_TOO_LONG'],
    ['in its attachments', { attachments: file(maxInlineAttachmentBytes + 1) }, 'ATTACHMENT_TOO_LARGE'],
    [
      'in all of it together',
      { text: 't'.repeat(maxMessageBytes), attachments: file(maxInlineAttachmentBytes) },
      'MESSAGE_TOO_LARGE',
    ],
    ['by a NUL in its subject', { subject: 'a\0b' }, 'INVALID_ARGUMENT'],
  ])('%s is not accepted, and nothing is sent', async (_what, changed, code) => {
    const before = await bob.api.outbox({}, { signal });
    expect(await codeOfRejection(bob.api.send({ to: 'alice', text: 'bad', ...changed }, { signal }))).toBe(code);
    expect(await bob.api.outbox({}, { signal })).toEqual(before);
    await stillTalk(bob, alice);
  });

  test('by nothing is delivered whole', async () => {
    const { id } = await bob.api.send(
      { to: 'alice', text: 'with a file', attachments: file(maxInlineAttachmentBytes) },
      { signal },
    );
    await stillTalk(bob, alice);
    const { attachments } = await alice.api.message({ id }, { signal });
    expect(attachments).toMatchObject([{ size: maxInlineAttachmentBytes }]);
    expect(encodeMessage(mallory.message(self())).length).toBeLessThan(1000);
  });
});
