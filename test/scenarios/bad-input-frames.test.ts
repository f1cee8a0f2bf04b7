import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { concatBytes, encodeCbor } from '#kernel';
import { encodeFrame, encodeLinkOperation, type Frame, supportedVersions } from '#protocol';
import { connectRaw, HostilePeer, tellOn } from '../support/hostile-peer.ts';
import { agent } from '../support/link-agents.ts';
import { diallerProof, hello } from '../support/raw-peer.ts';
import { inboxTexts, Story, stillTalk } from '../support/story.ts';
import { pair, type TestNode } from '../support/test-agents.ts';

const story = new Story();
let alice: TestNode;
let bob: TestNode;
let mallory: HostilePeer;
/** A good one of Mallory to Alice; tests bend copies of it. */
let good: Frame;

beforeAll(async () => {
  alice = await story.start('alice');
  bob = await story.start('bob');
  mallory = await HostilePeer.create();
  await pair(alice, bob);
  await mallory.befriend(alice);
  const link = await mallory.connect(alice);
  await mallory.openSession(link);
  good = await mallory.sealMessages(alice.host.agent.agentId, mallory.message(alice.host.agent.agentId));
  link.close();
});

afterAll(() => story[Symbol.asyncDispose]());

const operation = (frame: Uint8Array): Uint8Array => encodeLinkOperation({ op: 'frame', frame });
const bent = (fields: object): Uint8Array => operation(encodeCbor({ ...good, ...fields }));
const large = (size: number): Uint8Array => bent({ bytes: new Uint8Array(size) });

/** What may be said on an open link, and what ends it. */
const broken: readonly (readonly [string, () => Uint8Array, string])[] = [
  ['nothing', () => new Uint8Array(), 'MALFORMED'],
  ['bytes that are not CBOR', () => Uint8Array.of(0xff, 0x00, 0x13), 'MALFORMED'],
  ['an operation that nobody knows', () => encodeCbor({ op: 'obey' }), 'MALFORMED'],
  ['an operation with one field too many', () => encodeCbor({ op: 'ping', n: 1, now: true }), 'MALFORMED'],
  ['an operation that is cut off', () => operation(encodeFrame(good)).slice(0, -1), 'MALFORMED'],
  [
    'an operation with something behind it',
    () => concatBytes(operation(encodeFrame(good)), Uint8Array.of(0)),
    'MALFORMED',
  ],
  ['a second hello', () => encodeLinkOperation(hello({ to: alice.host.agent.agentId })), 'MALFORMED'],
  ['an answer to what was never asked', () => encodeLinkOperation({ op: 'delivered', frameId: good.id }), 'MALFORMED'],
  ['a frame that is cut off', () => operation(encodeFrame(good).slice(0, 200)), 'MALFORMED'],
  ['a frame with a field that is not known', () => bent({ urgent: true }), 'MALFORMED'],
  ['a frame of a kind that is not known', () => bent({ kind: 'order' }), 'MALFORMED'],
  ['a frame without bytes', () => bent({ bytes: new Uint8Array() }), 'MALFORMED'],
  ['a frame that lives for ever', () => bent({ expiresAt: Number.MAX_SAFE_INTEGER }), 'MALFORMED'],
  ['a frame whose id is a path', () => bent({ id: 'frm_../../../etc/passwd' }), 'MALFORMED'],
  ['a frame whose id has a NUL', () => bent({ id: `${good.id.slice(0, -1)}\0` }), 'MALFORMED'],
  ['a frame of version 2', () => bent({ v: 2 }), 'UNSUPPORTED_VERSION'],
  ['a frame that is too large for its kind', () => large(96 * 1024), 'FRAME_TOO_LARGE'],
];

describe('a peer that says on its link', () => {
  test.each(broken)('%s is cut off with the code, and others talk on', async (_what, bytes, code) => {
    const peer = await mallory.raw(alice);
    peer.connection.send(bytes());
    expect(await peer.refusal()).toBe(code);
    expect((await peer.connection.closed).reason).toBe(code);
    await stillTalk(bob, alice);
  });

  test('more in one message than the largest frame has is cut off before it is read', async () => {
    const peer = await mallory.raw(alice);
    peer.connection.send(new Uint8Array(600 * 1024));
    expect((await peer.connection.closed).code).toBe(1009);
    await stillTalk(bob, alice);
  });

  test('the frame as it was made is heard, after all that', async () => {
    const link = await mallory.connect(alice);
    expect(await tellOn(link, good)).toBe('delivered');
    expect(await inboxTexts(alice)).toContain('hello');
    link.close();
  });
});

describe('who has not proved who it is', () => {
  const to = (): string => alice.host.agent.agentId;

  test.each<[string, () => Uint8Array, string]>([
    ['bytes that are not CBOR', () => Uint8Array.of(0xff), 'MALFORMED'],
    ['a frame before anything else', () => operation(encodeFrame(good)), 'MALFORMED'],
    ['a hello without a nonce', () => encodeCbor({ op: 'hello', versions: supportedVersions, to: to() }), 'MALFORMED'],
    ['a hello to an agent that is a path', () => encodeCbor({ ...hello(), to: '../../alice' }), 'MALFORMED'],
    [
      'a hello in versions that are not known',
      () => encodeCbor({ ...hello(), versions: [98, 99], to: to() }),
      'UNSUPPORTED_VERSION',
    ],
    [
      'a hello to an agent that does not live here',
      () => encodeLinkOperation(hello({ to: agent(9).agentId })),
      'UNKNOWN_AGENT',
    ],
    ['more than a handshake needs', () => new Uint8Array(9 * 1024), 'HANDSHAKE_FAILED'],
  ])('and says %s is sent away with the code', async (_what, bytes, code) => {
    const peer = await connectRaw(alice);
    peer.connection.send(bytes());
    expect(await peer.refusal()).toBe(code);
    expect((await peer.connection.closed).reason).toBe(code);
    await stillTalk(bob, alice);
  });

  test('cannot be somebody else: neither with another key nor with a proof from an earlier link', async () => {
    const self = alice.host.agent.agentId;
    const bobId = bob.host.agent.agentId;
    const forger = await connectRaw(alice);
    const { hellos } = await forger.greet(self);
    forger.send(diallerProof({ ...mallory.self, agentId: bobId }, hellos, self));
    expect(await forger.refusal()).toBe('HANDSHAKE_FAILED');

    const first = await connectRaw(alice);
    const proof = diallerProof(mallory.self, (await first.greet(self)).hellos, self);
    first.send(proof);
    expect(await first.next('credit')).toMatchObject({ op: 'credit' });
    const second = await connectRaw(alice);
    await second.greet(self);
    second.send(proof);
    expect(await second.refusal()).toBe('HANDSHAKE_FAILED');
    await stillTalk(bob, alice);
  });
});
