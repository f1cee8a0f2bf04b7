import { afterEach, describe, expect, test } from 'vitest';
import { type Logger, silentLogger } from '#kernel';
import { HostilePeer } from '../support/hostile-peer.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { codeOfRejection, inboxTexts, reaches, send, stateOf, Story, stillTalk } from '../support/story.ts';
import { eventually, handledBy, pair, signal, type TestNode } from '../support/test-agents.ts';

const story = new Story();

afterEach(() => story[Symbol.asyncDispose]());

/** Takes fifteen pages; small ones find room in pages that are there. */
const large = (letter: string): string => letter.repeat(60_000);
const brief = (texts: readonly string[]): readonly string[] => texts.map((text) => `${text[0]}${text.length}`);

interface Three {
  readonly alice: TestNode;
  readonly bob: TestNode;
  readonly carol: TestNode;
  readonly disk: SmallDisk;
}

/** Alice and Carol are peers of Bob, whose disk is small. */
async function three(options: Parameters<Story['start']>[1] = {}): Promise<Three> {
  const disk = new SmallDisk();
  const [alice, carol] = [await story.start('alice'), await story.start('carol')];
  const bob = await story.start('bob', { ...options, openStore: disk.openStore });
  await pair(alice, bob);
  await pair(carol, bob);
  for (const peer of [alice, carol]) {
    await stillTalk(peer, bob);
    await stillTalk(bob, peer);
  }
  return { alice, bob, carol, disk };
}

const sendAll = async (from: TestNode, to: string, texts: readonly string[]): Promise<readonly string[]> =>
  Promise.all(texts.map((text) => send(from, to, text)));

const allDelivered = (from: TestNode, to: TestNode, ids: readonly string[]): Promise<boolean> =>
  eventually([from, to], async () => {
    const states = await Promise.all(ids.map((id) => stateOf(from, id)));
    return states.every((state) => state === 'delivered');
  });

/** Alice's node tried and heard that there is no room. */
const heardOfIt = (alice: TestNode, bob: TestNode): Promise<boolean> =>
  eventually([alice, bob], async () => {
    const { lastError } = await alice.api.contact({ contact: 'bob' }, { signal });
    return lastError?.code === 'STORE_FULL';
  });

describe('a full disk at the receiver', () => {
  test('acknowledges nothing that is not stored; the sender keeps it and delivers when there is room', async () => {
    const { alice, bob, carol, disk } = await three();
    const before = await inboxTexts(bob);
    disk.leaveRoomFor(2);
    const id = await send(alice, 'bob', large('a'));
    await heardOfIt(alice, bob);
    expect(['queued', 'sent']).toContain(await stateOf(alice, id));
    expect(alice.node.parts.store.read.outbox.frames('alice', bob.host.agent.agentId)).not.toEqual([]);
    expect(await inboxTexts(bob)).toEqual(before);
    await stillTalk(carol, bob);

    disk.leaveRoomFor(10_000);
    await allDelivered(alice, bob, [id]);
    expect(brief(await inboxTexts(bob)).filter((text) => text === 'a60000')).toHaveLength(1);
    await stillTalk(alice, bob);
    await stillTalk(bob, alice);
  });

  test('keeps the order: what would have had room does not pass what had none', async () => {
    const { alice, bob, disk } = await three();
    const before = (await inboxTexts(bob)).length;
    disk.leaveRoomFor(2);
    const ids = await sendAll(alice, 'bob', [large('a'), 'b', large('c'), 'd']);
    await heardOfIt(alice, bob);
    expect((await inboxTexts(bob)).length).toBe(before);
    disk.leaveRoomFor(10_000);
    await allDelivered(alice, bob, ids);
    expect(brief(await inboxTexts(bob)).slice(before)).toEqual(['a60000', 'b1', 'c60000', 'd1']);
  });

  test('survives the restart of both, with nothing lost or doubled', async () => {
    const { alice, bob, disk } = await three();
    const before = (await inboxTexts(bob)).length;
    disk.leaveRoomFor(2);
    const ids = await sendAll(alice, 'bob', [large('a'), 'b']);
    await heardOfIt(alice, bob);
    await alice.down();
    await bob.down();
    await bob.up();
    await alice.up();
    await allDelivered(alice, bob, ids);
    expect(brief(await inboxTexts(bob)).slice(before)).toEqual(['a60000', 'b1']);
  });

  test('takes no contact request, which arrives when there is room', async () => {
    const { alice, bob, disk } = await three();
    const mallory = await HostilePeer.create();
    const to = bob.host.agent.agentId;
    const request = await mallory.request(to, {
      purpose: 'p'.repeat(500),
      card: mallory.card({ capabilities: manyCapabilities }),
    });
    disk.leaveRoomFor(0);
    expect(await mallory.tell(bob, mallory.frame(to, { kind: 'request', bytes: request }))).toBe('STORE_FULL');
    expect((await bob.api.requests({}, { signal })).requests).toEqual([]);
    disk.leaveRoomFor(10_000);
    expect(await mallory.tell(bob, mallory.frame(to, { kind: 'request', bytes: request }))).toBe('delivered');
    expect((await bob.api.requests({}, { signal })).requests).toHaveLength(1);
    await stillTalk(alice, bob);
  });

  test('lets a handler answer only what is stored, once', async () => {
    const handled: string[] = [];
    const failures: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      error: (event, fields) => failures.push(`${event} ${String(fields?.['code'])}`),
    };
    const runtime = handledBy(({ message }) => {
      if (message.type !== 'request') return undefined;
      handled.push(message.id);
      disk.leaveRoomFor(2);
      return large('r');
    });
    const { alice, bob, disk } = await three({ runtime, logger });
    const asked = alice.api.ask({ to: 'bob', text: 'short question', timeoutMs: 20_000 }, { signal });
    // What the handler did is stored on its own, or with the next lease.
    const notStored = ['completion.not-stored STORE_FULL', 'runner.failed STORE_FULL'];
    await eventually([alice, bob], async () => failures.some((failure) => notStored.includes(failure)));
    expect(brief(await inboxTexts(alice))).not.toContain('r60000');
    disk.leaveRoomFor(10_000);
    const { answer, request } = await asked;
    expect(answer.body).toBe(large('r'));
    expect(handled).toEqual([request]);
    expect(brief(await inboxTexts(alice)).filter((text) => text === 'r60000')).toHaveLength(1);
  });
});

/** A card that does not fit into a page. */
const manyCapabilities = Array.from({ length: 30 }, (_, n) => ({
  id: `c${n}`,
  description: 'd'.repeat(300),
  tags: [],
}));

describe('a full disk at the sender', () => {
  test('refuses what it cannot keep, and takes it when there is room', async () => {
    const disk = new SmallDisk();
    const alice = await story.start('alice', { openStore: disk.openStore });
    const bob = await story.start('bob');
    await pair(alice, bob);
    await stillTalk(alice, bob);
    const outbox = async () => (await alice.api.outbox({}, { signal })).messages.map(({ id }) => id);
    const before = await outbox();
    disk.leaveRoomFor(2);
    for (let n = 0; n < 3; n += 1) {
      const error = await alice.api
        .send({ to: 'bob', text: large('a') }, { signal })
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'STORE_FULL', retryable: true });
    }
    expect(await outbox()).toEqual(before);
    await stillTalk(bob, alice);
    await stillTalk(alice, bob);

    disk.leaveRoomFor(10_000);
    const id = await send(alice, 'bob', large('b'));
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(brief(await inboxTexts(bob))).not.toContain('a60000');
    expect(brief(await inboxTexts(bob))).toContain('b60000');
  });

  test('refuses also while the peer is away, and loses nothing of what it took before', async () => {
    const disk = new SmallDisk();
    const alice = await story.start('alice', { openStore: disk.openStore });
    const bob = await story.start('bob');
    await pair(alice, bob);
    await bob.down();
    const kept = await sendAll(alice, 'bob', [large('a'), 'b']);
    disk.leaveRoomFor(2);
    expect(await codeOfRejection(send(alice, 'bob', large('c')))).toBe('STORE_FULL');
    expect(await Promise.all(kept.map((id) => stateOf(alice, id)))).toEqual(['queued', 'queued']);
    disk.leaveRoomFor(10_000);
    const last = await send(alice, 'bob', large('d'));
    await bob.up();
    await allDelivered(alice, bob, [...kept, last]);
    expect(brief(await inboxTexts(bob))).toEqual(['a60000', 'b1', 'd60000']);
  });
});
