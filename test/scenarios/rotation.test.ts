import { afterEach, describe, expect, test } from 'vitest';
import { allReach, MemoryStory, quiet } from '../support/memory-story.ts';
import { inboxTexts, reaches, send, stateOf, until } from '../support/story.ts';
import { handledBy, type NodeLike, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const refusals = (): readonly string[] =>
  story.wire.passed.flatMap(({ from, operation }) => (operation.op === 'refused' ? [`${from} ${operation.code}`] : []));

/** First credits: each end of a link grants one when the link is open. */
const opened = (): number => story.wire.passed.filter(({ operation }) => operation.op === 'credit').length;

describe('a peer with a new key', () => {
  test('is followed once when two links of it come up together, and nothing it says is refused meanwhile', async () => {
    const [alice, bob] = await story.friends();
    const before = bob.agentId;
    // What Alice has to store for it waits until both links are there and used.
    alice.store.hold();
    await bob.api.rotateKey({}, { signal });
    await until(() => alice.host.lane(before).courier.status().link === 'down');
    const fromBob = send(bob, 'alice', 'in my new name');
    alice.host.lane(before).courier.connect();
    await until(() => opened() >= 4 && story.wire.framesOf('bob').length > 0);
    const toBob = send(alice, 'bob', 'to whom you are now');
    alice.store.release();
    await allReach([alice, bob], { from: bob, ids: [await fromBob] });
    await allReach([alice, bob], { from: alice, ids: [await toBob] });
    await quiet(alice, bob);
    expect(refusals()).toEqual([]);
    expect(await inboxTexts(alice)).toEqual(['hello', 'in my new name']);
    expect(await inboxTexts(bob)).toEqual(['hello', 'to whom you are now']);
    expect(alice.host.lanes.map(({ peer }) => peer)).toEqual([bob.agentId]);
  });

  test('says nothing over a link on which it proved its old one', async () => {
    const [alice, bob] = await story.friends();
    story.wire.pause('alice');
    story.wire.cut('bob');
    const calls = story.wire.passed.length;
    await until(() => bob.host.lane(alice.agentId).courier.status().link === 'down');
    bob.host.lane(alice.agentId).courier.connect();
    await until(() =>
      story.wire.passed.slice(calls).some(({ from, operation }) => from === 'bob' && operation.op === 'hello'),
    );
    // The proof of the old key is written and under way.
    await alice.api.rotateKey({}, { signal });
    story.wire.resume('alice');
    const id = await send(alice, 'bob', 'in my new name');
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(refusals()).toEqual([]);
    expect(await stateOf(alice, id)).toBe('delivered');
  });
});

describe('what a peer asked before it had its new key', () => {
  /** Alice's program keeps what it is given until the test lets it go on. */
  const slowProgram = () => {
    const asked: string[] = [];
    const gates: (() => void)[] = [];
    const runtime = handledBy(async ({ message }) => {
      if (message.type !== 'request') return undefined;
      asked.push(message.from);
      await new Promise<void>((resolve) => void gates.push(resolve));
      return `yes, ${message.payload.body}`;
    });
    return { runtime, asked, next: () => gates.shift()?.() };
  };

  const ask = async (from: NodeLike, text: string): Promise<string> =>
    (await from.api.send({ to: 'alice', text, type: 'request' }, { signal })).id;

  test('is answered to its new name, also when the answer is stored in the moment in which the key is followed', async () => {
    const { runtime, asked, next } = slowProgram();
    const [alice, bob] = await story.friends({ alice: { runtime } });
    const id = await ask(bob, 'now?');
    await until(() => asked.length === 1);
    await quiet(alice, bob);
    alice.store.hold();
    await bob.api.rotateKey({}, { signal });
    // What follows the key waits to be stored, and then the answer behind it.
    await until(() => alice.store.waiting > 0);
    const waiting = alice.store.waiting;
    next();
    await until(() => alice.store.waiting > waiting);
    alice.store.release();
    await reaches([alice, bob], { from: bob, id, state: 'answered' });
    await quiet(alice, bob);
    expect(await inboxTexts(bob)).toEqual(['hello', 'yes, now?']);
  });

  test('is shown to the program with its new name, and answered to it', async () => {
    const { runtime, asked, next } = slowProgram();
    const [alice, bob] = await story.friends({ alice: { runtime } });
    const before = bob.agentId;
    // In one frame, so that the program is lent both together.
    const ids = await Promise.all([ask(bob, 'first?'), ask(bob, 'second?')]);
    await until(() => asked.length === 1);
    await bob.api.rotateKey({}, { signal });
    await until(() => alice.host.contact(bob.agentId) !== undefined);
    next();
    await until(() => asked.length === 2);
    next();
    for (const id of ids) await reaches([alice, bob], { from: bob, id, state: 'answered' });
    await quiet(alice, bob);
    expect(asked).toEqual([before, bob.agentId]);
    expect(await inboxTexts(bob)).toEqual(['hello', 'yes, first?', 'yes, second?']);
  });
});
