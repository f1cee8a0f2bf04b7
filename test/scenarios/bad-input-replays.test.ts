import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIds, systemClock, systemRandom } from '#kernel';
import type { Link } from '#link';
import type { MeshStore } from '#pipeline';
import { decodeInvite, decodeMessage, type Frame } from '#protocol';
import { HostilePeer, tellOn } from '../support/hostile-peer.ts';
import { codeOfRejection, inboxTexts, Story, stillTalk, until } from '../support/story.ts';
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

const replacements = ({ read }: MeshStore, peer?: string): number =>
  read.audit
    .entries({ kind: 'session.replaced', limit: 1000 })
    .filter(({ data }) => peer === undefined || data.peer === peer).length;

/** The peer at the link, and everybody else, go on in both directions and in the sessions that they had. */
async function goOn(peer: HostilePeer, link: Link): Promise<void> {
  const texts = { there: `there ${ids.next('msg')}`, back: `back ${ids.next('msg')}` };
  const message = peer.message(self(), { payload: { body: texts.there } });
  expect(await tellOn(link, await peer.sealMessages(self(), message))).toBe('delivered');
  expect(await timesIn(texts.there)).toBe(1);
  await alice.api.send({ to: peer.name, text: texts.back }, { signal });
  const said = () => peer.messages.map((body) => decodeMessage(body).payload.body);
  await until(() => said().includes(texts.back));
  expect(said().filter((text) => text === texts.back)).toHaveLength(1);
  expect(replacements(alice.node.parts.store, peer.agentId)).toBe(0);
  await stillTalk(bob, alice);
  await stillTalk(alice, bob);
}

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
  const underAnotherId = (frame: Frame): Frame => ({ ...frame, id: ids.next('frm') });

  test('is answered as before and counts once, also on another link and after a restart', async () => {
    const frame = await sealed('once');
    for (let n = 0; n < 3; n += 1) expect(await tellOn(link, frame)).toBe('delivered');
    expect(await mallory.tell(alice, frame)).toBe('delivered');
    await alice.down();
    await alice.up();
    link = await mallory.connect(alice);
    expect(await tellOn(link, frame)).toBe('delivered');
    expect(await timesIn('once')).toBe(1);
    await goOn(mallory, link);
  });

  test('under another id is refused, and ends no session', async () => {
    const frame = await sealed('first');
    expect(await tellOn(link, frame)).toBe('delivered');
    for (let n = 0; n < 3; n += 1) expect(await tellOn(link, underAnotherId(frame))).toBe('SESSION_BROKEN');
    expect(await tellOn(link, frame)).toBe('delivered');
    expect(await timesIn('first')).toBe(1);
    await goOn(mallory, link);
  });

  test('under another id, after its receiver restarted, is refused as well', async () => {
    const frame = await sealed('before the night');
    expect(await tellOn(link, frame)).toBe('delivered');
    await alice.down();
    await alice.up();
    link = await mallory.connect(alice);
    expect(await tellOn(link, underAnotherId(frame))).toBe('SESSION_BROKEN');
    expect(await tellOn(link, frame)).toBe('delivered');
    expect(await timesIn('before the night')).toBe(1);
    await goOn(mallory, link);
  });

  test('before its turn is refused, and taken when its turn has come', async () => {
    const [one, two, three] = [await sealed('one'), await sealed('two'), await sealed('three')];
    for (const early of [two, three, underAnotherId(three)]) expect(await tellOn(link, early)).toBe('SESSION_BROKEN');
    for (const frame of [one, two, three]) expect(await tellOn(link, frame)).toBe('delivered');
    const texts = (await inboxTexts(alice)).filter((text) => ['one', 'two', 'three'].includes(text));
    expect(texts).toEqual(['one', 'two', 'three']);
    await goOn(mallory, link);
  });

  test('from another peer is refused, whoever it says to be from, and harms neither', async () => {
    const eve = await HostilePeer.create('eve');
    await eve.befriend(alice);
    const other = await eve.connect(alice);
    await eve.openSession(other);
    await goOn(eve, other);
    const frame = await sealed('stolen');
    for (const stolen of [frame, underAnotherId(frame)]) {
      expect(await tellOn(other, { ...stolen, from: eve.agentId })).toBe('SESSION_UNKNOWN');
      expect(await tellOn(other, stolen)).toBe('WRONG_RECIPIENT');
    }
    expect(await timesIn('stolen')).toBe(0);
    expect(await tellOn(link, frame)).toBe('delivered');
    expect(await tellOn(other, { ...underAnotherId(frame), from: eve.agentId })).toBe('SESSION_UNKNOWN');
    expect(await timesIn('stolen')).toBe(1);
    await goOn(eve, other);
    await goOn(mallory, link);
  });

  test('with a message that was taken already, or that it holds twice, brings nothing new', async () => {
    const message = mallory.message(self(), { payload: { body: 'the same' } });
    for (let n = 0; n < 3; n += 1) {
      expect(await tellOn(link, await mallory.sealMessages(self(), message, message))).toBe('delivered');
    }
    expect(await timesIn('the same')).toBe(1);
    await goOn(mallory, link);
  });

  test('as a welcome that was joined already is refused, also when a newer session is in use', async () => {
    const eva = await HostilePeer.create('eva');
    await eva.befriend(alice);
    const own = await eva.connect(alice);
    const { device, certificate } = eva.secrets;
    const party = { self: { agentId: eva.agentId, device, certificate }, peer: self() };
    const { welcome } = await eva.engine.create({
      ...party,
      keyPackage: await own.takeKeyPackage(),
      now: systemClock.now(),
    });
    const frame = eva.frame(self(), { kind: 'welcome', bytes: welcome });
    expect(await tellOn(own, frame)).toBe('delivered');
    expect(await tellOn(own, frame)).toBe('delivered');
    expect(await tellOn(own, underAnotherId(frame))).toBe('KEY_PACKAGE_STALE');
    await eva.openSession(own);
    await goOn(eva, own);
    expect(await tellOn(own, frame)).toBe('delivered');
    expect(await tellOn(own, underAnotherId(frame))).toBe('KEY_PACKAGE_STALE');
    expect(await tellOn(link, { ...underAnotherId(frame), from: mallory.agentId })).toBe('KEY_PACKAGE_STALE');
    await goOn(eva, own);
    await goOn(mallory, link);
  });
});

describe('a contact request that comes again', () => {
  test('with the same bytes is refused, also when it was rejected or its contact removed meanwhile', async () => {
    const mallory = await HostilePeer.create('mal');
    const bytes = await mallory.request(self(), { purpose: 'to be remembered' });
    const ask = () => mallory.tell(alice, mallory.frame(self(), { kind: 'request', bytes }));
    expect(await ask()).toBe('delivered');
    expect(await ask()).toBe('REPLAYED');
    const [request] = await requestsIn();
    await alice.api.reject({ id: request?.id ?? '' }, { signal });
    expect(await ask()).toBe('REPLAYED');
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
