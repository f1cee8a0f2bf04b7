import { afterEach, describe, expect, test } from 'vitest';
import type { Priority } from '#protocol';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, leave, MemoryStory, numbered } from '../support/memory-story.ts';
import { inboxTexts, until } from '../support/story.ts';
import { handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const overtakeNormal = 4;
const overtakeLow = 16;

async function sendAs(from: MemoryNode, priority: Priority, texts: readonly string[]): Promise<readonly string[]> {
  const sent = await Promise.all(texts.map((text) => from.api.send({ to: 'bob', text, priority }, { signal })));
  return sent.map(({ id }) => id);
}

/** All that wait while Bob is away: far more that is urgent than the rest. */
async function backlog(alice: MemoryNode): Promise<readonly string[]> {
  return [
    ...(await sendAs(alice, 'low', numbered('low', 10))),
    ...(await sendAs(alice, 'normal', numbered('normal', 20))),
    ...(await sendAs(alice, 'high', numbered('high', 400))),
  ];
}

const kindOf = (text: string): string => text.replace(/\d+$/, '');

/** The longest run of other messages before each message of this kind. */
function longestWait(texts: readonly string[], kind: Priority): number {
  let longest = 0;
  let run = 0;
  const last = texts.findLastIndex((text) => kindOf(text) === kind);
  for (const text of texts.slice(0, last + 1)) {
    run = kindOf(text) === kind ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** Overtaking, but by no more than was promised, and in order within each priority. */
function expectFair(texts: readonly string[]): void {
  expect(texts).toHaveLength(430);
  for (const [kind, count] of [
    ['low', 10],
    ['normal', 20],
    ['high', 400],
  ] as const) {
    expect(texts.filter((text) => kindOf(text) === kind)).toEqual(numbered(kind, count));
  }
  expect(longestWait(texts, 'normal')).toBeLessThanOrEqual(overtakeNormal + 1);
  expect(longestWait(texts, 'low')).toBeLessThanOrEqual(overtakeLow);
  expect(texts.slice(0, overtakeNormal).map(kindOf)).toEqual(Array.from({ length: overtakeNormal }, () => 'high'));
}

describe('under a flood of urgent messages', () => {
  test('others go on being sent: after 4 high ones a normal one, after 16 others a low one', async () => {
    const [alice, bob] = await story.friends({ alice: { limits: { leaseBatch: 7 } } });
    await leave(bob, alice);
    const ids = await backlog(alice);
    await bob.up();
    await allReach([alice, bob], { from: alice, ids });
    // In the order of arrival, as Bob's inbox has it.
    expectFair((await inboxTexts(bob)).slice(1));
  });

  test('others go on being handled by the program, also when it takes few at a time', async () => {
    const handled: string[] = [];
    const gate = Promise.withResolvers<void>();
    const [alice, bob] = await story.friends({
      bob: {
        limits: { leaseBatch: 3 },
        runtime: handledBy(async ({ message }) => {
          if (message.payload.body === 'hello') return;
          await gate.promise;
          handled.push(message.payload.body);
        }),
      },
    });
    // The program is busy while all of it arrives: what it took before is not part of the test.
    const busy = await sendAs(alice, 'normal', ['busy']);
    await until(() => bob.store.read.inbox.counts('bob').leased === 1);
    const ids = await backlog(alice);
    await allReach([alice, bob], { from: alice, ids });
    gate.resolve();
    await until(() => handled.length === 431);
    await allReach([alice, bob], { from: alice, ids: busy });
    expect(handled[0]).toBe('busy');
    expectFair(handled.slice(1));
  });

  test('what is accepted while the link is full goes by the same rule', async () => {
    const [alice, bob] = await story.friends({
      alice: { limits: { inFlightFrames: 1, leaseBatch: 5, roomWaitMs: 60_000 } },
    });
    story.wire.pause('alice');
    const first = await sendAs(alice, 'low', ['first']);
    const sending = Promise.all([
      sendAs(alice, 'low', numbered('low', 4)),
      sendAs(alice, 'normal', numbered('normal', 8)),
      sendAs(alice, 'high', numbered('high', 60)),
    ]);
    await until(() => alice.host.lane(bob.agentId).arrivals.length === 72);
    story.wire.resume('alice');
    const ids = (await sending).flat();
    await allReach([alice, bob], { from: alice, ids: [...first, ...ids] });
    const texts = (await inboxTexts(bob)).slice(2);
    expect(longestWait(texts, 'normal')).toBeLessThanOrEqual(overtakeNormal + 1);
    expect(longestWait(texts, 'low')).toBeLessThanOrEqual(overtakeLow);
    for (const [kind, count] of [
      ['low', 4],
      ['normal', 8],
      ['high', 60],
    ] as const) {
      expect(texts.filter((text) => kindOf(text) === kind)).toEqual(numbered(kind, count));
    }
  });
});
