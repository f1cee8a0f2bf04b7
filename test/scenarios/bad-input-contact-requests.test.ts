import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson, decodeCbor, defaultLimits, encodeCbor, systemClock, toUtf8 } from '#kernel';
import { cardBytes } from '#identity';
import { HostilePeer } from '../support/hostile-peer.ts';
import { codeOfRejection, Story, stillTalk } from '../support/story.ts';
import { eventually, pair, signal, type TestNode } from '../support/test-agents.ts';

const story = new Story();
const { maxSkewFutureMs, maxSkewPastMs } = defaultLimits;
let alice: TestNode;
let bob: TestNode;

beforeAll(async () => {
  alice = await story.start('alice', { limits: { maxNewRequestsPerHour: 1000 } });
  bob = await story.start('bob');
  await pair(alice, bob);
});

afterAll(() => story[Symbol.asyncDispose]());

const self = () => alice.host.agent.agentId;
const requests = async () => (await alice.api.requests({}, { signal })).requests;

const ask = (mallory: HostilePeer, bytes: Uint8Array): Promise<string> =>
  mallory.tell(alice, mallory.frame(self(), { kind: 'request', bytes }));

/** A request of Mallory with other fields, signed by her all the same. */
const resigned = async (mallory: HostilePeer, changed: object): Promise<Uint8Array> =>
  mallory.resign(await mallory.request(self()), changed, 'contact-request');

/** One with other fields under the signature that it had. */
const tampered = async (mallory: HostilePeer, changed: object): Promise<Uint8Array> =>
  encodeCbor({ ...(decodeCbor(await mallory.request(self(), { purpose: 'work' })) as object), ...changed });

const cardWith = (mallory: HostilePeer, changed: object): Uint8Array =>
  canonicalJson({ ...mallory.card(), ...changed });

type Making = (mallory: HostilePeer) => Promise<Uint8Array> | Uint8Array;

const refusals: readonly (readonly [string, string, Making])[] = [
  ['is cut off', 'MALFORMED', async (mallory) => (await mallory.request(self())).slice(0, -1)],
  ['is no CBOR', 'MALFORMED', () => toUtf8('please')],
  ['is of version 2', 'UNSUPPORTED_VERSION', (mallory) => resigned(mallory, { v: 2 })],
  ['has a field that is not known', 'MALFORMED', (mallory) => resigned(mallory, { tier: 'owner' })],
  ['has a short nonce', 'MALFORMED', (mallory) => resigned(mallory, { nonce: new Uint8Array(15) })],
  ['has a purpose as long as a book', 'MALFORMED', (mallory) => resigned(mallory, { purpose: 'p'.repeat(501) })],
  ['has a purpose with a NUL', 'MALFORMED', (mallory) => resigned(mallory, { purpose: 'a\0b' })],
  [
    'shows an invite whose id is a path',
    'MALFORMED',
    (mallory) => resigned(mallory, { invite: { id: 'inv_../../../x', mac: new Uint8Array(32) } }),
  ],
  ['is for another agent', 'WRONG_RECIPIENT', (mallory) => mallory.request(bob.host.agent.agentId)],
  [
    'is too old',
    'TIMESTAMP_STALE',
    (mallory) => mallory.request(self(), { at: systemClock.now() - maxSkewPastMs - 1000 }),
  ],
  [
    'is from the future',
    'TIMESTAMP_FUTURE',
    (mallory) => mallory.request(self(), { at: systemClock.now() + maxSkewFutureMs + 5000 }),
  ],
  [
    'has another signature',
    'SIGNATURE_INVALID',
    (mallory) => tampered(mallory, { signature: new Uint8Array(64).fill(1) }),
  ],
  ['was changed after it was signed', 'SIGNATURE_INVALID', (mallory) => tampered(mallory, { purpose: 'war' })],
  [
    'shows the card of another',
    'SIGNATURE_INVALID',
    (mallory) => resigned(mallory, { card: cardBytes(bob.host.agent.card()) }),
  ],
  [
    'shows a card whose id is not that of its key',
    'CARD_ID_MISMATCH',
    (mallory) => resigned(mallory, { card: cardWith(mallory, { agentId: bob.host.agent.agentId }) }),
  ],
  [
    'shows a card that was changed',
    'SIGNATURE_INVALID',
    (mallory) => resigned(mallory, { card: cardWith(mallory, { name: 'bob' }) }),
  ],
  [
    'shows a card whose name is a path',
    'CARD_INVALID',
    (mallory) => resigned(mallory, { card: cardWith(mallory, { name: '../bob' }) }),
  ],
  [
    'shows a card of version 2',
    'UNSUPPORTED_VERSION',
    (mallory) => resigned(mallory, { card: cardWith(mallory, { v: 2 }) }),
  ],
  [
    'shows a card whose time is over',
    'CARD_EXPIRED',
    (mallory) => resigned(mallory, { card: cardBytes(mallory.card({ createdAt: 1, expiresAt: 2 })) }),
  ],
  [
    'shows a card that is cut off',
    'CARD_INVALID',
    (mallory) => resigned(mallory, { card: cardBytes(mallory.card()).slice(0, -1) }),
  ],
  [
    'shows a card in another form',
    'CARD_INVALID',
    (mallory) => resigned(mallory, { card: toUtf8(JSON.stringify(mallory.card(), null, 1)) }),
  ],
  [
    'shows a card that is too large',
    'MALFORMED',
    (mallory) => resigned(mallory, { card: new Uint8Array(16 * 1024 + 1) }),
  ],
  [
    'brings a key package that is none',
    'KEY_PACKAGE_INVALID',
    (mallory) => mallory.request(self(), { keyPackage: new Uint8Array(500) }),
  ],
  [
    'brings the key package of another',
    'KEY_PACKAGE_INVALID',
    async (mallory) => mallory.request(self(), { keyPackage: await (await HostilePeer.create()).keyPackage() }),
  ],
];

describe('a contact request that', () => {
  test.each(refusals)('%s is refused with %s and leaves nothing', async (_what, code, make) => {
    const mallory = await HostilePeer.create();
    expect(await ask(mallory, await make(mallory))).toBe(code);
    expect(await requests()).toEqual([]);
    expect(alice.host.lanes.map(({ peer }) => peer)).not.toContain(mallory.agentId);
    await stillTalk(bob, alice);
  });

  test.each([
    ['as old as it may be', 5000 - maxSkewPastMs],
    ['as far ahead as it may be', maxSkewFutureMs - 5000],
    ['as it should be', 0],
  ])('is %s waits for a person', async (_what, skewMs) => {
    const mallory = await HostilePeer.create();
    const bytes = await mallory.request(self(), { at: systemClock.now() + skewMs, purpose: 'p'.repeat(500) });
    expect(await ask(mallory, bytes)).toBe('delivered');
    expect(await requests()).toMatchObject([{ agentId: mallory.agentId, direction: 'in' }]);
    await alice.api.reject({ id: 'mallory' }, { signal });
    expect(await requests()).toEqual([]);
  });
});

describe('the id of a contact request', () => {
  test.each([
    '../../etc/passwd',
    'req_../../etc/passwd',
    'req_\0',
    'mallory\0',
    '',
    'req_',
    '..',
    '%2e%2e%2f',
    'x'.repeat(100_000),
  ])('that is %j is not found, and nothing is decided', async (id) => {
    const mallory = await HostilePeer.create();
    expect(await ask(mallory, await mallory.request(self()))).toBe('delivered');
    expect(await codeOfRejection(alice.api.approve({ id }, { signal }))).toBe('NOT_FOUND');
    expect(await codeOfRejection(alice.api.reject({ id }, { signal }))).toBe('NOT_FOUND');
    const [request] = await requests();
    expect(request).toMatchObject({ agentId: mallory.agentId });
    expect(await alice.api.reject({ id: request?.id ?? '' }, { signal })).toEqual({ rejected: request?.id });
  });

  test('is made by the node that is asked, and works', async () => {
    const mallory = await HostilePeer.create();
    await ask(mallory, await mallory.request(self()));
    const [request] = await requests();
    expect(request?.id).toMatch(/^req_[0-9a-f-]{36}$/);
    const contact = await alice.api.approve({ id: request?.id ?? '', petname: 'visitor' }, { signal });
    expect(contact).toMatchObject({ state: 'trusted', petname: 'visitor' });
    await alice.api.remove({ contact: 'visitor' }, { signal });
  });
});

describe('a peer', () => {
  test('cannot go back to an older card, in a request or on its link', async () => {
    const mallory = await HostilePeer.create('mia');
    await mallory.befriend(alice);
    const pinned = () => alice.host.contact(mallory.agentId)?.card;
    expect(pinned()?.seq).toBe(5);
    const older = mallory.card({ seq: 4, endpoints: ['http://127.0.0.1:9'] });
    expect(await ask(mallory, await mallory.request(self(), { card: older }))).toBe('CARD_ROLLBACK');

    const asked: number[] = [];
    mallory.shownCard = older;
    const show = mallory.cardOf.bind(mallory);
    mallory.cardOf = () => {
      asked.push(mallory.shownCard?.seq ?? 0);
      return show();
    };
    const link = await mallory.connect(alice);
    await eventually([alice], async () => asked.includes(4));
    await link.ping();
    expect(pinned()).toMatchObject({ seq: 5, endpoints: [] });
    link.close();

    mallory.shownCard = mallory.card({ seq: 6, endpoints: ['http://127.0.0.1:10'] });
    const next = await mallory.connect(alice);
    await eventually([alice], async () => pinned()?.seq === 6);
    expect(await ask(mallory, await mallory.request(self()))).toBe('CARD_ROLLBACK');
    next.close();
    await stillTalk(bob, alice);
  });
});
