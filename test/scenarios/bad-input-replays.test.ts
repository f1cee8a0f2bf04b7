import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIds, systemClock, systemRandom } from '#kernel';
import type { Link } from '#link';
import { decodeInvite } from '#protocol';
import { HostilePeer, tellOn } from '../support/hostile-peer.ts';
import { codeOfRejection, inboxTexts, Story, stillTalk } from '../support/story.ts';
import { eventually, pair, signal, type TestNode } from '../support/test-agents.ts';

const story = new Story();
const ids = createIds(systemClock, systemRandom);
let alice: TestNode;
let bob: TestNode;

beforeAll(async () => {
  alice = await story.start('alice', { limits: { maxNewRequestsPerHour: 1000 } });
  bob = await story.start('bob');
  await pair(alice, bob);
});

afterAll(() => story[Symbol.asyncDispose]());

const self = () => alice.host.agent.agentId;
const timesIn = async (text: string): Promise<number> => (await inboxTexts(alice)).filter((one) => one === text).length;
const contactsOf = async (node: TestNode) => (await node.api.contacts({}, { signal })).contacts;
const requestsIn = async () =>
  (await alice.api.requests({}, { signal })).requests.filter(({ direction }) => direction === 'in');

describe('a frame that comes again', () => {
  let mallory: HostilePeer;
  let link: Link;

  beforeAll(async () => {
    mallory = await HostilePeer.create();
    await mallory.befriend(alice);
    link = await mallory.connect(alice);
    await mallory.openSession(link);
  });

  const sealed = (body: string) => mallory.sealMessages(self(), mallory.message(self(), { payload: { body } }));

  test('is answered as before and counts once, also on another link and after a restart', async () => {
    const frame = await sealed('once');
    for (let n = 0; n < 3; n += 1) expect(await tellOn(link, frame)).toBe('delivered');
    expect(await mallory.tell(alice, frame)).toBe('delivered');
    await alice.down();
    await alice.up();
    link = await mallory.connect(alice);
    expect(await tellOn(link, frame)).toBe('delivered');
    expect(await timesIn('once')).toBe(1);
    await stillTalk(bob, alice);
  });

  test('as a welcome that was joined already is refused', async () => {
    const eve = await HostilePeer.create('eva');
    await eve.befriend(alice);
    const keyPackage = await (await eve.connect(alice)).takeKeyPackage();
    const { device, certificate } = eve.secrets;
    const party = { self: { agentId: eve.agentId, device, certificate }, peer: self(), keyPackage };
    const { welcome } = await eve.engine.create({ ...party, now: systemClock.now() });
    const frame = eve.frame(self(), { kind: 'welcome', bytes: welcome });
    expect(await eve.tell(alice, frame)).toBe('delivered');
    expect(await eve.tell(alice, frame)).toBe('delivered');
    expect(await eve.tell(alice, { ...frame, id: ids.next('frm') })).toBe('KEY_PACKAGE_STALE');
    await stillTalk(bob, alice);
  });
});

describe('a contact request that comes again', () => {
  test('with the same bytes is refused, also when it was rejected or its contact removed meanwhile', async () => {
    const mallory = await HostilePeer.create('mal');
    const bytes = await mallory.request(self(), { purpose: 'to be remembered' });
    const send = () => mallory.tell(alice, mallory.frame(self(), { kind: 'request', bytes }));
    expect(await send()).toBe('delivered');
    expect(await send()).toBe('REPLAYED');
    const [request] = await requestsIn();
    await alice.api.reject({ id: request?.id ?? '' }, { signal });
    expect(await send()).toBe('REPLAYED');
    expect(await requestsIn()).toEqual([]);

    const again = await mallory.request(self());
    expect(await mallory.tell(alice, mallory.frame(self(), { kind: 'request', bytes: again }))).toBe('delivered');
    await alice.api.approve({ id: (await requestsIn())[0]?.id ?? '' }, { signal });
    await alice.api.remove({ contact: 'mal' }, { signal });
    expect(await mallory.tell(alice, mallory.frame(self(), { kind: 'request', bytes: again }))).toBe('REPLAYED');
    expect(await contactsOf(alice)).not.toContainEqual(expect.objectContaining({ agentId: mallory.agentId }));
    await stillTalk(bob, alice);
  });

  test('is signed anew by an honest node at each attempt, and waits once', async () => {
    const mallory = await HostilePeer.create('mel');
    const nonce = systemRandom.bytes(16);
    for (let n = 0; n < 5; n += 1) {
      const bytes = await mallory.request(self(), { nonce, at: systemClock.now() - n });
      expect(await mallory.tell(alice, mallory.frame(self(), { kind: 'request', bytes }))).toBe('delivered');
    }
    expect(await requestsIn()).toHaveLength(1);
    const query = { agent: 'alice', peer: mallory.agentId, now: systemClock.now() };
    const stored = () => alice.node.parts.store.read.sessions.peerKeyPackages(query);
    // Whoever asks a thousand times must not fill the disk.
    expect(stored()).toHaveLength(1);
    await alice.api.reject({ id: 'mel' }, { signal });
    expect(stored()).toEqual([]);
  });

  test('from its first sender, by another, is refused', async () => {
    const [mallory, eve] = [await HostilePeer.create('mil'), await HostilePeer.create('evy')];
    const bytes = await mallory.request(self());
    expect(await eve.tell(alice, eve.frame(self(), { kind: 'request', bytes }))).toBe('SIGNATURE_INVALID');
    expect(await requestsIn()).toEqual([]);
  });
});

describe('an invite that comes again', () => {
  const redeem = async (peer: HostilePeer, text: string): Promise<string> => {
    const bytes = await peer.request(self(), { invite: decodeInvite(text) });
    return peer.tell(alice, peer.frame(self(), { kind: 'request', bytes }));
  };

  test('makes one agent a peer, and no other', async () => {
    const [first, second] = [await HostilePeer.create('first'), await HostilePeer.create('second')];
    const { invite } = await alice.api.invite({}, { signal });
    expect(await redeem(first, invite)).toBe('delivered');
    expect(await redeem(second, invite)).toBe('INVITE_USED');
    // The one who used it may have missed the answer.
    expect(await redeem(first, invite)).toBe('delivered');
    const peers = (await contactsOf(alice)).map(({ agentId }) => agentId);
    expect(peers).toContain(first.agentId);
    expect(peers).not.toContain(second.agentId);
    await stillTalk(bob, alice);
  });

  test('is told to the person who joins with it, and afterwards by the contact, which is no peer', async () => {
    const carol = await story.start('carol');
    const dave = await story.start('dave');
    const { invite } = await alice.api.invite({}, { signal });
    expect(await carol.api.join({ invite }, { signal })).toMatchObject({ state: 'trusted', petname: 'alice' });
    expect(await codeOfRejection(dave.api.join({ invite }, { signal }))).toBe('INVITE_USED');
    expect(await contactsOf(dave)).toMatchObject([
      { state: 'requested-out', exchange: { state: 'refused' }, refusal: { code: 'INVITE_USED' } },
    ]);
    expect(await codeOfRejection(dave.api.send({ to: 'alice', text: 'please' }, { signal }))).toBe('NOT_TRUSTED');
    await stillTalk(carol, alice);
  });

  test('after its time, with another secret, or made by nobody is refused', async () => {
    const mallory = await HostilePeer.create('mol');
    const short = await alice.api.invite({ expiresInMs: 1 }, { signal });
    await eventually([alice], async () => systemClock.now() > short.expiresAt);
    expect(await redeem(mallory, short.invite)).toBe('INVITE_EXPIRED');
    const erin = await story.start('erin');
    expect(await codeOfRejection(erin.api.join({ invite: short.invite }, { signal }))).toBe('INVITE_EXPIRED');
    const { invite } = await alice.api.invite({}, { signal });
    const guess = { ...decodeInvite(invite), secret: systemRandom.bytes(16) };
    for (const wrong of [guess, { ...guess, id: ids.next('inv') }]) {
      const bytes = await mallory.request(self(), { invite: wrong });
      expect(await mallory.tell(alice, mallory.frame(self(), { kind: 'request', bytes }))).toBe('INVITE_INVALID');
    }
    expect(await requestsIn()).toEqual([]);
    expect(await codeOfRejection(bob.api.join({ invite: invite.slice(0, -3) }, { signal }))).toBe('INVITE_INVALID');
    expect(await redeem(mallory, invite)).toBe('delivered');
  });
});
