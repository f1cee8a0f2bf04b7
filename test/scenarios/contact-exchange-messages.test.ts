import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '#kernel';
import { approve, expectArrival, arrives, ask, expectPeers, standing } from '../support/exchange-story.ts';
import { writing } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { leave, MemoryStory, numbered } from '../support/memory-story.ts';
import { impatient, inboxTexts, patient, send, until } from '../support/story.ts';
import { eventually, signal } from '../support/test-agents.ts';
import type { Passing } from '../support/wire.ts';

let story = new MemoryStory();
let clock = new ManualClock();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  clock = new ManualClock();
});

async function two(limits: Partial<Limits> = patient): Promise<readonly [MemoryNode, MemoryNode]> {
  const options = { clock, limits };
  return [await story.start('alice', options), await story.start('bob', options)];
}

/** Alice asked Bob. */
async function asked(): Promise<readonly [MemoryNode, MemoryNode]> {
  const [alice, bob] = await two();
  await ask(alice, bob);
  await arrives(alice, bob);
  return [alice, bob];
}

/** One after the other, each accepted before the next is said. */
async function say(from: MemoryNode, to: string, texts: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const text of texts) ids.push(await send(from, to, text));
  return ids;
}

const texts = numbered('m', 12);
const back = numbered('back', 12);

const isAccept = ({ frame }: Passing): boolean => frame?.kind === 'accept';
const storing = writing('contacts.put');

describe('what the one who approves says before the acceptance arrived', () => {
  test('arrives once and in order, behind the acceptance', async () => {
    const [alice, bob] = await asked();
    story.wire.pause('bob');
    await approve(bob, alice);
    const ids = await say(bob, 'alice', texts);
    expect(await standing(alice, bob)).toBe('requested-out request delivered');
    story.wire.resume('bob');
    await expectArrival(bob, alice, { ids, clock });
    expect(await inboxTexts(alice)).toEqual(texts);
    const kinds = story.wire.framesOf('bob').map(({ frame }) => frame?.kind);
    expect(kinds.indexOf('accept')).toBeLessThan(kinds.indexOf('welcome'));
    await expectPeers(alice, bob, clock);
  });

  test('arrives once and in order when the asker was away for hours', async () => {
    const [alice, bob] = await asked();
    await leave(alice, bob);
    await approve(bob, alice);
    const ids = await say(bob, 'alice', texts);
    await clock.advance(3_600_000);
    await alice.up();
    await expectArrival(bob, alice, { ids, clock });
    expect(await inboxTexts(alice)).toEqual(texts);
  });

  test.each([
    ['the acceptance leaves', (bob: MemoryNode) => isAcceptThen(() => bob.crash())],
    ['the acceptance is answered', (bob: MemoryNode) => answeredThen('alice', () => bob.crash())],
    ['the answer is committed', (bob: MemoryNode) => answeredThen('alice', () => void bob.store.crashAfter(storing))],
  ])('survives the crash of its node when %s', async (_when, crash) => {
    const [alice, bob] = await asked();
    story.wire.hidden.add('alice');
    story.wire.cut('alice');
    await until(() => bob.host.lanes.every(({ courier }) => !courier.isUp));
    await approve(bob, alice);
    const ids = await say(bob, 'alice', texts);
    story.wire.hidden.clear();
    crash(bob);
    await eventually([alice], async () => {
      if (bob.isUp) await clock.advance(1000);
      return !bob.isUp;
    });
    story.wire.fate = () => 'pass';
    await bob.up();
    const more = await say(bob, 'alice', ['after the crash']);
    await expectArrival(bob, alice, { ids: [...ids, ...more], clock });
    expect(await inboxTexts(alice)).toEqual([...texts, 'after the crash']);
  });

  test('survives an acceptance that the asker cannot store at first', async () => {
    const [alice, bob] = await asked();
    const refused = alice.store.refuse(storing, { times: 3 });
    await approve(bob, alice);
    const ids = await say(bob, 'alice', texts);
    await refused;
    await expectArrival(bob, alice, { ids, clock });
    expect(await inboxTexts(alice)).toEqual(texts);
  });
});

describe('what both say as soon as they may', () => {
  /** Says everything the moment that the contact is trusted. */
  async function sayWhenTrusted(from: MemoryNode, to: MemoryNode, what: readonly string[]): Promise<readonly string[]> {
    await eventually([from], async () => {
      if (from.host.contact(to.agentId)?.state === 'trusted') return true;
      await clock.advance(100);
      return false;
    });
    return say(from, to.name, what);
  }

  async function expectAllArrive(alice: MemoryNode, bob: MemoryNode): Promise<void> {
    const [mine, yours] = await Promise.all([sayWhenTrusted(alice, bob, texts), sayWhenTrusted(bob, alice, back)]);
    await expectArrival(alice, bob, { ids: mine, clock });
    await expectArrival(bob, alice, { ids: yours, clock });
    expect(await inboxTexts(bob)).toEqual(texts);
    expect(await inboxTexts(alice)).toEqual(back);
  }

  test('after an approval', async () => {
    const [alice, bob] = await asked();
    await approve(bob, alice);
    await expectAllArrive(alice, bob);
  });

  test('after an invite', async () => {
    const [alice, bob] = await two();
    const { invite } = await bob.api.invite({}, { signal });
    await alice.api.join({ invite, waitMs: 0 }, { signal });
    await expectAllArrive(alice, bob);
  });

  test('after both asked each other', async () => {
    const [alice, bob] = await two();
    await Promise.all([ask(alice, bob), ask(bob, alice)]);
    await expectAllArrive(alice, bob);
  });

  test.each([['alice'], ['bob']])('after an invite, while links break and %s crashes', async (name) => {
    const [alice, bob] = await two(impatient);
    const victim = name === 'alice' ? alice : bob;
    const { invite } = await bob.api.invite({}, { signal });
    let passed = 0;
    story.wire.fate = () => ((passed += 1) % 29 === 0 && passed < 400 ? 'cut' : 'pass');
    await alice.api.join({ invite, waitMs: 0 }, { signal });
    const saying = Promise.all([sayWhenTrusted(alice, bob, texts), sayWhenTrusted(bob, alice, back)]);
    const [mine, yours] = await saying;
    victim.crash();
    await victim.up();
    await expectArrival(alice, bob, { ids: mine, clock });
    await expectArrival(bob, alice, { ids: yours, clock });
    expect(passed).toBeGreaterThan(29);
    expect(await inboxTexts(bob)).toEqual(texts);
    expect(await inboxTexts(alice)).toEqual(back);
    story.wire.fate = () => 'pass';
    await expectPeers(alice, bob, clock);
  });
});

describe('what the joiner of an invite says at once', () => {
  test('arrives once and in order, though the inviter crashes before it knows that the acceptance arrived', async () => {
    const [alice, bob] = await two();
    const { invite } = await bob.api.invite({}, { signal });
    answeredThen('alice', () => bob.crash());
    await alice.api.join({ invite, waitMs: 0 }, { signal });
    await until(() => !bob.isUp);
    story.wire.fate = () => 'pass';
    expect(await standing(alice, bob)).toBe('trusted');
    const ids = await say(alice, 'bob', texts);
    await bob.up();
    await expectArrival(alice, bob, { ids, clock });
    expect(await inboxTexts(bob)).toEqual(texts);
    await expectPeers(alice, bob, clock);
  });
});

function isAcceptThen(then: () => void): void {
  story.wire.fate = (passing) => {
    if (isAccept(passing)) then();
    return 'pass';
  };
}

/** The first time that the node answers a frame. */
function answeredThen(name: string, then: () => void): void {
  let isOver = false;
  story.wire.fate = ({ from, operation }) => {
    if (isOver || from !== name || operation.op !== 'delivered') return 'pass';
    isOver = true;
    then();
    return 'pass';
  };
}
