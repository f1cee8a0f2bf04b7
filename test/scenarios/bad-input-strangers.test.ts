import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIds, systemClock, systemRandom } from '#kernel';
import { HostilePeer, tellOn } from '../support/hostile-peer.ts';
import { agent } from '../support/link-agents.ts';
import { codeOfRejection, inboxTexts, reaches, send, stateOf, Story, stillTalk, until } from '../support/story.ts';
import { eventually, pair, signal, type TestNode } from '../support/test-agents.ts';

const story = new Story();
const ids = createIds(systemClock, systemRandom);
let alice: TestNode;
let bob: TestNode;

beforeAll(async () => {
  alice = await story.start('alice');
  bob = await story.start('bob');
  await pair(alice, bob);
});

afterAll(() => story[Symbol.asyncDispose]());

const self = () => alice.host.agent.agentId;
const frameOf = (peer: HostilePeer) => peer.frame(self(), { kind: 'app', bytes: new Uint8Array(300).fill(7) });
const reasonOf = async (node: TestNode, id: string): Promise<string | undefined> =>
  (await node.api.track({ id }, { signal })).reason;

describe('a message from a stranger', () => {
  test.each(['app', 'welcome', 'commit', 'receipt', 'blob'] as const)(
    'in a frame of the kind %s is refused unread, and nothing is kept of it',
    async (kind) => {
      const mallory = await HostilePeer.create();
      expect(await mallory.tell(alice, { ...frameOf(mallory), kind })).toBe('NOT_TRUSTED');
      expect(alice.host.lanes.map(({ peer }) => peer)).not.toContain(mallory.agentId);
      await stillTalk(bob, alice);
    },
  );

  test('gets no key package to make a session with', async () => {
    const mallory = await HostilePeer.create();
    const link = await mallory.connect(alice);
    expect(await codeOfRejection(link.takeKeyPackage())).toBe('NOT_TRUSTED');
    link.close();
  });

  test('is refused while its request waits for a person, and taken after the approval', async () => {
    const carol = await story.start('carol');
    await carol.api.request({ target: alice.endpoint }, { signal });
    const request = await eventually(
      [alice, carol],
      async () => (await alice.api.requests({}, { signal })).requests[0],
    );
    expect(await codeOfRejection(send(carol, 'alice', 'too early'))).toBe('NOT_TRUSTED');
    await alice.api.approve({ id: request.id }, { signal });
    await eventually(
      [alice, carol],
      async () => (await carol.api.contact({ contact: 'alice' }, { signal })).state === 'trusted',
    );
    await stillTalk(carol, alice);
  });

  test('is told that its request arrived, and nothing of its rejection', async () => {
    const dave = await story.start('dave');
    const asked = await dave.api.request({ target: alice.endpoint }, { signal });
    expect(asked.delivered).toBe(false);
    const mine = async () => (await dave.api.requests({}, { signal })).requests[0];
    await eventually([alice, dave], async () => (await mine())?.delivered === true);
    await alice.api.reject({ id: 'dave' }, { signal });
    expect(await mine()).toMatchObject({ delivered: true, direction: 'out' });
    expect((await dave.api.contact({ contact: 'alice' }, { signal })).link).toBe('up');
  });
});

describe('a message for another agent', () => {
  test('is refused at the link, and Alice and its receiver talk on', async () => {
    const mallory = await HostilePeer.create('marla');
    await mallory.befriend(alice);
    const link = await mallory.connect(alice);
    await mallory.openSession(link);
    const good = await mallory.sealMessages(self(), mallory.message(self()));
    for (const to of [bob.host.agent.agentId, agent(9).agentId]) {
      expect(await tellOn(link, { ...good, id: ids.next('frm'), to })).toBe('WRONG_RECIPIENT');
    }
    expect(await tellOn(link, { ...good, id: ids.next('frm'), from: bob.host.agent.agentId })).toBe('WRONG_RECIPIENT');
    expect(await tellOn(link, good)).toBe('delivered');
    await stillTalk(bob, alice);
    link.close();
  });
});

describe('a blocked contact', () => {
  test('is refused without a word more than a stranger gets, and nothing is sent to it', async () => {
    const mallory = await HostilePeer.create('mona');
    await mallory.befriend(alice);
    const link = await mallory.connect(alice);
    await mallory.openSession(link);
    const late = await mallory.sealMessages(self(), mallory.message(self(), { payload: { body: 'before the block' } }));
    await alice.api.block({ contact: 'mona' }, { signal });
    expect((await link.closed)?.code).toBe('NOT_TRUSTED');
    expect(await mallory.tell(alice, late)).toBe('NOT_TRUSTED');
    const bytes = await mallory.request(self());
    expect(await mallory.tell(alice, mallory.frame(self(), { kind: 'request', bytes }))).toBe('REQUESTS_FULL');
    expect(await codeOfRejection((await mallory.connect(alice)).takeKeyPackage())).toBe('NOT_TRUSTED');
    expect(await codeOfRejection(send(alice, 'mona', 'secret'))).toBe('CONTACT_BLOCKED');
    expect(await inboxTexts(alice)).not.toContain('before the block');
    await stillTalk(bob, alice);

    await alice.api.setTier({ contact: 'mona', tier: 'trusted' }, { signal });
    const after = await mallory.connect(alice);
    await mallory.openSession(after);
    const body = 'after the block';
    expect(
      await tellOn(after, await mallory.sealMessages(self(), mallory.message(self(), { payload: { body } }))),
    ).toBe('delivered');
    expect(await inboxTexts(alice)).toContain(body);
    mallory.close();
  });

  test('that is an honest node learns it, what waited for it is refused, and unblocked it talks again', async () => {
    const erin = await story.start('erin');
    await pair(alice, erin);
    await stillTalk(erin, alice);
    await stillTalk(alice, erin);
    await erin.down();
    const waiting = await send(alice, 'erin', 'never sent');
    await alice.api.block({ contact: 'erin' }, { signal });
    expect(await stateOf(alice, waiting)).toBe('refused');
    expect(await reasonOf(alice, waiting)).toBe('CONTACT_BLOCKED');
    await erin.up();
    const refused = await send(erin, 'alice', 'let me in');
    await reaches([alice, erin], { from: erin, id: refused, state: 'refused' });
    expect(await reasonOf(erin, refused)).toBe('NOT_TRUSTED');
    await alice.api.setTier({ contact: 'erin', tier: 'trusted' }, { signal });
    await stillTalk(erin, alice);
    await stillTalk(alice, erin);
    expect(await inboxTexts(erin)).not.toContain('never sent');
    expect(await inboxTexts(alice)).not.toContain('let me in');
  });
});

describe('a contact that was removed', () => {
  test('is a stranger again: refused, until both agree anew', async () => {
    const frank = await story.start('frank');
    await pair(alice, frank);
    await stillTalk(frank, alice);
    await frank.down();
    const waiting = await send(alice, 'frank', 'never sent');
    expect(await alice.api.remove({ contact: 'frank' }, { signal })).toEqual({ removed: 'frank', cancelled: 1 });
    expect(await stateOf(alice, waiting)).toBe('refused');
    expect(await codeOfRejection(send(alice, 'frank', 'secret'))).toBe('NOT_FOUND');
    await frank.up();
    const refused = await send(frank, 'alice', 'do you know me');
    await reaches([alice, frank], { from: frank, id: refused, state: 'refused' });
    expect(await reasonOf(frank, refused)).toBe('NOT_TRUSTED');
    await stillTalk(bob, alice);

    await alice.api.request({ target: frank.endpoint }, { signal });
    await eventually(
      [alice, frank],
      async () => (await alice.api.contact({ contact: 'frank' }, { signal })).state === 'trusted',
    );
    await stillTalk(alice, frank);
    await stillTalk(frank, alice);
    expect(await inboxTexts(frank)).not.toContain('never sent');
  });

  test.each(['remove', 'block'] as const)(
    'or blocked (%s) gets nothing of what was on its way, not even later',
    async (how) => {
      const mallory = await HostilePeer.create(`max-${how}`);
      await mallory.befriend(alice);
      const link = await mallory.connect(alice);
      mallory.answer = ({ kind }) =>
        kind === 'app' ? new Promise<never>(() => {}) : Promise.resolve({ kind: 'delivered' });
      const id = await send(alice, mallory.name, 'on its way');
      await until(() => mallory.received.some(({ kind }) => kind === 'app'));
      const contact = { contact: mallory.name };
      await (how === 'remove' ? alice.api.remove(contact, { signal }) : alice.api.block(contact, { signal }));
      expect(await stateOf(alice, id)).toBe('refused');
      const { outbox } = alice.node.parts.store.read;
      expect(outbox.frames('alice', mallory.agentId)).toEqual([]);
      await link.closed;

      mallory.received.length = 0;
      mallory.answer = () => Promise.resolve({ kind: 'delivered' });
      if (how === 'remove') await mallory.befriend(alice);
      else await alice.api.setTier({ ...contact, tier: 'trusted' }, { signal });
      await mallory.connect(alice);
      await send(alice, mallory.name, 'anew');
      await until(() => mallory.received.some(({ kind }) => kind === 'app'));
      expect(mallory.received.filter(({ kind }) => kind === 'app')).toHaveLength(1);
      mallory.close();
    },
  );

  test('leaves no link open on which it could go on', async () => {
    const mallory = await HostilePeer.create('moss');
    await mallory.befriend(alice);
    const link = await mallory.connect(alice);
    await mallory.openSession(link);
    const frame = await mallory.sealMessages(self(), mallory.message(self()));
    await alice.api.remove({ contact: 'moss' }, { signal });
    expect((await link.closed)?.code).toBe('NOT_TRUSTED');
    await until(() => !alice.host.lanes.some(({ peer }) => peer === mallory.agentId));
    expect(await mallory.tell(alice, frame)).toBe('NOT_TRUSTED');
    expect(alice.host.lanes.map(({ peer }) => peer)).not.toContain(mallory.agentId);
  });
});
