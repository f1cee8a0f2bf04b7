import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson, defaultLimits, encodeCbor, decodeCbor, systemClock, systemRandom } from '#kernel';
import type { Card } from '#identity';
import { HostilePeer } from '../support/hostile-peer.ts';
import { codeOfRejection, Story, stillTalk, until } from '../support/story.ts';
import { pair, signal, type TestNode } from '../support/test-agents.ts';

const story = new Story();
const { maxSkewFutureMs, maxSkewPastMs } = defaultLimits;
let alice: TestNode;
let bob: TestNode;

beforeAll(async () => {
  alice = await story.start('alice');
  bob = await story.start('bob');
  await pair(alice, bob);
});

afterAll(() => story[Symbol.asyncDispose]());

const self = () => alice.host.agent.agentId;

/** Alice asked for contact, and Mallory has her request. */
async function askedBy(name: string): Promise<HostilePeer> {
  const mallory = await HostilePeer.create(name);
  await alice.api.request({ target: { ...mallory.card() } }, { signal });
  const link = await mallory.connect(alice);
  await until(() => mallory.received.some(({ kind }) => kind === 'request'));
  link.close();
  return mallory;
}

const accept = (mallory: HostilePeer, bytes: Uint8Array): Promise<string> =>
  mallory.tell(alice, mallory.frame(self(), { kind: 'accept', bytes }));

const stateOfContact = (mallory: HostilePeer) => alice.host.contact(mallory.agentId)?.state;

type Making = (mallory: HostilePeer) => Promise<Uint8Array> | Uint8Array;

const resigned = async (mallory: HostilePeer, changed: object): Promise<Uint8Array> =>
  mallory.resign(await mallory.accept(self()), changed, 'contact-accept');

const refusals: readonly (readonly [string, string, Making])[] = [
  ['is cut off', 'MALFORMED', async (mallory) => (await mallory.accept(self())).slice(0, -1)],
  ['is of version 2', 'UNSUPPORTED_VERSION', (mallory) => resigned(mallory, { v: 2 })],
  ['is for another agent', 'WRONG_RECIPIENT', (mallory) => mallory.accept(bob.host.agent.agentId)],
  [
    'is too old',
    'TIMESTAMP_STALE',
    (mallory) => mallory.accept(self(), { at: systemClock.now() - maxSkewPastMs - 1000 }),
  ],
  [
    'is from the future',
    'TIMESTAMP_FUTURE',
    (mallory) => mallory.accept(self(), { at: systemClock.now() + maxSkewFutureMs + 5000 }),
  ],
  [
    'answers another request',
    'NOT_TRUSTED',
    (mallory) => mallory.accept(self(), { requestNonce: systemRandom.bytes(16) }),
  ],
  [
    'was changed after it was signed',
    'SIGNATURE_INVALID',
    async (mallory) =>
      encodeCbor({ ...(decodeCbor(await mallory.accept(self())) as object), at: systemClock.now() - 1000 }),
  ],
  [
    'shows a card whose id is not that of its key',
    'CARD_ID_MISMATCH',
    (mallory) => resigned(mallory, { card: canonicalJson({ ...mallory.card(), agentId: bob.host.agent.agentId }) }),
  ],
  [
    'shows an older card than the one that was asked',
    'CARD_ROLLBACK',
    (mallory) => mallory.accept(self(), { card: mallory.card({ seq: 4 }) }),
  ],
  [
    'brings a key package of nobody',
    'KEY_PACKAGE_INVALID',
    (mallory) => mallory.accept(self(), { keyPackage: new Uint8Array(300) }),
  ],
];

describe('an acceptance that', () => {
  test.each(refusals)('%s is refused with %s, and the request still waits for a good one', async (what, code, make) => {
    const mallory = await askedBy(`m${refusals.findIndex(([name]) => name === what)}`);
    expect(await accept(mallory, await make(mallory))).toBe(code);
    expect(stateOfContact(mallory)).toBe('requested-out');
    expect(await codeOfRejection(alice.api.send({ to: mallory.name, text: 'secret' }, { signal }))).toBe('NOT_TRUSTED');
    await stillTalk(bob, alice);
    expect(await accept(mallory, await mallory.accept(self()))).toBe('delivered');
    expect(stateOfContact(mallory)).toBe('trusted');
  });

  test('is a little old or ahead is taken', async () => {
    for (const [name, skewMs] of [
      ['slow', 5000 - maxSkewPastMs],
      ['fast', maxSkewFutureMs - 5000],
    ] as const) {
      const mallory = await askedBy(name);
      expect(await accept(mallory, await mallory.accept(self(), { at: systemClock.now() + skewMs }))).toBe('delivered');
      expect(stateOfContact(mallory)).toBe('trusted');
    }
  });

  test('nobody asked for, or another gives, makes nobody a peer', async () => {
    const stranger = await HostilePeer.create('stranger');
    expect(await accept(stranger, await stranger.accept(self()))).toBe('NOT_TRUSTED');
    const mallory = await askedBy('mallory');
    stranger.received.push(...mallory.received);
    expect(await accept(stranger, await stranger.accept(self()))).toBe('NOT_TRUSTED');
    expect(await accept(stranger, await mallory.accept(self()))).toBe('SIGNATURE_INVALID');
    expect(stateOfContact(stranger)).toBeUndefined();
    expect(stateOfContact(mallory)).toBe('requested-out');
  });

  test('comes again counts once, and not at all when the contact was removed', async () => {
    const mallory = await askedBy('twice');
    const bytes = await mallory.accept(self());
    expect(await accept(mallory, bytes)).toBe('delivered');
    expect(await accept(mallory, bytes)).toBe('REPLAYED');
    await alice.api.remove({ contact: 'twice' }, { signal });
    expect(await accept(mallory, bytes)).toBe('NOT_TRUSTED');
    expect(stateOfContact(mallory)).toBeUndefined();
    await stillTalk(bob, alice);
  });
});

describe('a card that a person hands in', () => {
  const changed = (mallory: HostilePeer, fields: Partial<Record<keyof Card, unknown>>) => ({
    ...mallory.card(),
    ...fields,
  });

  test.each<[string, string, (mallory: HostilePeer) => Record<string, unknown>]>([
    [
      'with another id than that of its key',
      'CARD_ID_MISMATCH',
      (mallory) => changed(mallory, { agentId: bob.host.agent.agentId }),
    ],
    ['that was changed', 'SIGNATURE_INVALID', (mallory) => changed(mallory, { endpoints: ['http://127.0.0.1:9'] })],
    ['with a name that is a path', 'CARD_INVALID', (mallory) => changed(mallory, { name: '../../alice' })],
    ['with a field that is not known', 'CARD_INVALID', (mallory) => ({ ...mallory.card(), admin: true })],
    ['of version 2', 'UNSUPPORTED_VERSION', (mallory) => changed(mallory, { v: 2 })],
    ['whose time is over', 'CARD_EXPIRED', (mallory) => ({ ...mallory.card({ createdAt: 1, expiresAt: 2 }) })],
    ['that is empty', 'CARD_INVALID', () => ({})],
  ])('%s is refused with %s', async (_what, code, card) => {
    const mallory = await HostilePeer.create('nobody');
    expect(await codeOfRejection(alice.api.request({ target: card(mallory) }, { signal }))).toBe(code);
    expect(stateOfContact(mallory)).toBeUndefined();
  });

  test('twice, the second time an older one, keeps the newer', async () => {
    const mallory = await HostilePeer.create('older');
    await alice.api.request({ target: { ...mallory.card({ seq: 7 }) } }, { signal });
    const older = { ...mallory.card({ seq: 6 }) };
    expect(await codeOfRejection(alice.api.request({ target: older }, { signal }))).toBe('CARD_ROLLBACK');
    expect(alice.host.contact(mallory.agentId)?.card?.seq).toBe(7);
  });
});
