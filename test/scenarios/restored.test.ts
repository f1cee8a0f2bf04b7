import { describe, expect, it } from 'vitest';
import { Backups } from '../support/backups.ts';
import { codeOfRejection, inboxTexts, reaches, send, Story, stateOf, until } from '../support/story.ts';
import { eventually, handledBy, pair, signal, type TestNode } from '../support/test-agents.ts';

const passesAll = new Set(['delivered', 'seen', 'answered']);

/** Sends them one after another; resolves when the other side proved to have all. */
async function say(from: TestNode, to: TestNode, texts: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const text of texts) ids.push(await send(from, to.name, text));
  await eventually([from, to], async () => {
    const states = await Promise.all(ids.map((id) => stateOf(from, id)));
    return states.every((state) => passesAll.has(state));
  });
  return ids;
}

const texts = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix} ${index}`);

const warningsOf = async (node: TestNode) => (await node.api.status({}, { signal })).warnings;
const isSuperseded = (node: TestNode) => node.host.agent.successor !== undefined;
const linkedTo = (node: TestNode, peer: TestNode) =>
  node.host.lanes.find((lane) => lane.peer === peer.host.agent.agentId)?.courier.link;

describe('an agent that is restored from an old backup', () => {
  it('is the same to its peers; both directions go on, each message once and in order, and only what the lost machine took is gone', async () => {
    using backups = new Backups();
    await using story = new Story();
    const [alice, bob] = [await story.start('alice'), await story.start('bob')];
    await pair(alice, bob);
    await say(alice, bob, texts('from alice before', 3));
    await say(bob, alice, texts('from bob before', 3));
    const file = await backups.make(alice.dir);
    // The sessions move on, and so do the ratchets in them.
    await say(alice, bob, texts('from alice after', 5));
    await say(bob, alice, texts('from bob after', 5));
    const { agentId } = alice.host.agent;
    await alice.down();

    const restored = await backups.restore(file);
    expect(restored.agents).toMatchObject([{ name: 'alice', agentId, contacts: 1 }]);
    const again = await story.startOn(restored.stateDir, 'alice');
    expect(again.host.agent.agentId).toBe(agentId);
    expect(await inboxTexts(again)).toEqual(texts('from bob before', 3));
    await say(again, bob, texts('from alice anew', 5));
    await say(bob, again, texts('from bob anew', 5));
    await say(again, bob, texts('from alice at last', 2));
    expect(await inboxTexts(bob)).toEqual([
      ...texts('from alice before', 3),
      ...texts('from alice after', 5),
      ...texts('from alice anew', 5),
      ...texts('from alice at last', 2),
    ]);
    expect(await inboxTexts(again)).toEqual([...texts('from bob before', 3), ...texts('from bob anew', 5)]);
    const { state, restored: life } = await bob.api.contact({ contact: 'alice' }, { signal });
    expect({ state, asOf: life?.asOf }).toEqual({ state: 'trusted', asOf: restored.createdAt });
    expect((await warningsOf(bob)).map(({ code }) => code)).toContain('PEER_RESTORED');
  });

  it('sends again what it does not know to be delivered, and the peer takes it once', async () => {
    using backups = new Backups();
    await using story = new Story();
    const [alice, bob] = [await story.start('alice'), await story.start('bob')];
    await pair(alice, bob);
    await say(alice, bob, ['hello']);
    await bob.down();
    const ids = [await send(alice, 'bob', 'one'), await send(alice, 'bob', 'two')];
    const file = await backups.make(alice.dir);
    await bob.up();
    for (const id of ids) await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    await say(alice, bob, ['three']);
    await alice.down();
    const restored = await backups.restore(file);
    expect(restored.agents[0]?.waiting).toBe(2);
    const again = await story.startOn(restored.stateDir, 'alice');
    for (const id of ids) await reaches([again, bob], { from: again, id, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['hello', 'one', 'two', 'three']);
    await say(again, bob, ['four']);
    expect(await inboxTexts(bob)).toEqual(['hello', 'one', 'two', 'three', 'four']);
  });

  it('has no open invite any more, because somebody may have used it since', async () => {
    using backups = new Backups();
    await using story = new Story();
    const alice = await story.start('alice');
    await alice.api.invite({}, { signal });
    const file = await backups.make(alice.dir);
    await alice.down();
    const restored = await backups.restore(file);
    expect(restored.agents[0]?.invites).toBe(1);
    const again = await story.startOn(restored.stateDir, 'alice');
    const { store, clock } = again.node.parts;
    expect(store.read.contacts.invites('alice').map(({ expiresAt }) => expiresAt < clock.now())).toEqual([true]);
  });

  it('has a card that every peer takes for newer than the cards of the lost machine', async () => {
    using backups = new Backups();
    await using story = new Story();
    const [alice, bob] = [await story.start('alice'), await story.start('bob')];
    await pair(alice, bob);
    const file = await backups.make(alice.dir);
    for (const n of [1, 2, 3]) await alice.host.agent.publish({ endpoints: [alice.endpoint, `http://old-${n}.test`] });
    await alice.down();
    await alice.up();
    await say(alice, bob, ['hello']);
    const before = bob.host.contact(alice.host.agent.agentId)?.card?.seq ?? 0;
    await alice.down();
    const restored = await backups.restore(file);
    const again = await story.startOn(restored.stateDir, 'alice');
    await say(again, bob, ['hello again']);
    const { endpoint } = again;
    const isNewer = eventually([again, bob], async () => {
      const card = bob.host.contact(again.host.agent.agentId)?.card;
      return card !== undefined && card.seq > before && card.endpoints.includes(endpoint);
    });
    await expect(isNewer).resolves.toBe(true);
  });
});

describe('two machines with one agent', () => {
  /** Alice and Bob, and a second machine that was made from Alice's backup and does not run yet. */
  async function twins(story: Story, backups: Backups) {
    const handled = { old: [] as string[], new: [] as string[] };
    const noting = (where: 'old' | 'new') =>
      handledBy(async ({ message }) => {
        handled[where].push(message.payload.body);
      });
    const alice = await story.start('alice', { runtime: noting('old') });
    const bob = await story.start('bob');
    await pair(alice, bob);
    await say(alice, bob, ['hello']);
    const file = await backups.make(alice.dir);
    const { stateDir } = await backups.restore(file);
    const startNew = () => story.startOn(stateDir, 'alice', { runtime: noting('new') });
    return { alice, bob, file, handled, startNew };
  }

  it('do not speak both: the earlier one falls silent when a peer has met the later one, and says so', async () => {
    using backups = new Backups();
    await using story = new Story();
    const { alice, bob, handled, startNew } = await twins(story, backups);
    const again = await startNew();
    await eventually([alice, bob, again], async () => isSuperseded(alice));
    expect(await codeOfRejection(send(alice, 'bob', 'nobody hears this'))).toBe('SUPERSEDED');
    const [warning] = await warningsOf(alice);
    expect(warning).toMatchObject({
      code: 'SUPERSEDED',
      hint: expect.stringContaining('mesh up --detach --take-over'),
    });
    await say(bob, again, ['for whoever is alice']);
    await until(() => handled.new.includes('for whoever is alice'));
    expect(handled.old).toEqual([]);
    expect(isSuperseded(again)).toBe(false);
    expect(linkedTo(alice, bob)).toBeUndefined();
    await say(again, bob, ['from the new one']);
    expect(await inboxTexts(bob)).toEqual(['hello', 'from the new one']);
  });

  it('stay apart when the earlier one starts again, and when it meets the peer for the first time after', async () => {
    using backups = new Backups();
    await using story = new Story();
    const { alice, bob, handled, startNew } = await twins(story, backups);
    await alice.down();
    const again = await startNew();
    await say(again, bob, ['from the new one']);
    await again.down();
    // The later machine is off. The earlier one knows nothing, and Bob does.
    await alice.up();
    await eventually([alice, bob], async () => isSuperseded(alice));
    const id = await send(bob, 'alice', 'not for the old one');
    await alice.down();
    await alice.up();
    expect(isSuperseded(alice)).toBe(true);
    expect(await codeOfRejection(send(alice, 'bob', 'still silent'))).toBe('SUPERSEDED');
    await again.up();
    await reaches([again, bob], { from: bob, id, state: 'seen' });
    expect(handled).toEqual({ old: [], new: ['not for the old one'] });
  });

  it('handle what waits for the program at the later one only, also when the earlier one starts again', async () => {
    using backups = new Backups();
    await using story = new Story();
    const calls: string[] = [];
    const busy = { old: true };
    const failing = handledBy(async ({ message }) => {
      calls.push(message.payload.body);
      if (busy.old) throw new Error('not now');
    });
    const [alice, bob] = [await story.start('alice', { runtime: failing }), await story.start('bob')];
    await pair(alice, bob);
    await send(bob, 'alice', 'to be handled');
    await until(() => calls.length > 0);
    const { stateDir, agents } = await backups.restore(await backups.make(alice.dir));
    expect(agents[0]?.unhandled).toBe(1);
    const handled: string[] = [];
    const noting = handledBy(async ({ message }) => void handled.push(message.payload.body));
    const again = await story.startOn(stateDir, 'alice', { runtime: noting });
    await eventually([alice, bob, again], async () => isSuperseded(alice));
    await until(() => handled.length > 0);
    await alice.down();
    const { length } = calls;
    busy.old = false;
    await alice.up();
    await say(bob, again, ['the next one']);
    await until(() => handled.length === 2);
    expect(calls).toHaveLength(length);
    expect(handled).toEqual(['to be handled', 'the next one']);
  });

  it('are told apart by a peer that was off during the restore, whichever it meets first', async () => {
    using backups = new Backups();
    await using story = new Story();
    const { alice, bob, startNew } = await twins(story, backups);
    await bob.down();
    const again = await startNew();
    const late = await send(again, 'bob', 'while bob was off');
    await bob.up();
    await reaches([alice, bob, again], { from: again, id: late, state: 'delivered' });
    await eventually([alice, bob, again], async () => isSuperseded(alice));
    await say(bob, again, ['welcome back']);
    expect(await inboxTexts(bob)).toEqual(['hello', 'while bob was off']);
  });

  it('meet at the address of the earlier one, without any peer', async () => {
    using backups = new Backups();
    await using story = new Story();
    const { alice, bob, startNew } = await twins(story, backups);
    await bob.down();
    const again = await startNew();
    await eventually([alice, again], async () => isSuperseded(alice));
    expect(isSuperseded(again)).toBe(false);
    // Bob calls the address that he knows: there he learns that there is a later life.
    await again.down();
    await bob.up();
    await eventually([alice, bob], async () => (await bob.api.contact({ contact: 'alice' }, { signal })).restored);
    const id = await send(bob, 'alice', 'for the later one');
    expect(await stateOf(bob, id)).toBe('queued');
    await again.up();
    await reaches([bob, again], { from: bob, id, state: 'seen' });
  });

  it('of which the earlier one takes over again change their parts, and what the other had is left behind', async () => {
    using backups = new Backups();
    await using story = new Story();
    const { alice, bob, startNew } = await twins(story, backups);
    const again = await startNew();
    await eventually([alice, bob, again], async () => isSuperseded(alice));
    await say(again, bob, ['from the second']);
    await alice.down();
    await alice.up({ takeOver: true });
    await eventually([alice, bob, again], async () => isSuperseded(again));
    expect(isSuperseded(alice)).toBe(false);
    await say(alice, bob, ['from the first again']);
    await say(bob, alice, ['and back']);
    expect(await inboxTexts(bob)).toEqual(['hello', 'from the second', 'from the first again']);
  });

  it('and a third: of two restores of one backup the later one wins', async () => {
    using backups = new Backups();
    await using story = new Story();
    const { alice, bob, file, startNew } = await twins(story, backups);
    await alice.down();
    const { stateDir } = await backups.restore(file);
    const third = await story.startOn(stateDir, 'alice');
    await say(third, bob, ['from the third']);
    const second = await startNew();
    await eventually([second, bob, third], async () => isSuperseded(second));
    expect(isSuperseded(third)).toBe(false);
    await say(bob, third, ['to the third']);
    expect(await inboxTexts(bob)).toEqual(['hello', 'from the third']);
  });
});
