import { afterEach, describe, expect, test } from 'vitest';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, leave, MemoryStory, numbered, quiet, sendAll } from '../support/memory-story.ts';
import { inboxTexts, stateOf, until } from '../support/story.ts';
import { eventually, handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const frameSizes = (node: MemoryNode): readonly number[] =>
  story.wire.framesOf(node.name).flatMap(({ frame }) => (frame?.kind === 'app' ? [frame.bytes.length] : []));

const replacements = (...nodes: readonly MemoryNode[]): number =>
  nodes.flatMap(({ store }) => store.read.audit.entries({ kind: 'session.replaced', limit: 100 })).length;

const file = {
  name: 'large.bin',
  mediaType: 'application/octet-stream',
  base64: Buffer.alloc(60 * 1024, 7).toString('base64'),
};

describe('messages that are sent', () => {
  test('at once share frames and keep their order', async () => {
    const [alice, bob] = await story.friends();
    const texts = numbered('m', 500);
    const ids = await sendAll(alice, 'bob', texts);
    await allReach([alice, bob], { from: alice, ids });
    expect(frameSizes(alice).length).toBeLessThan(10);
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });

  test('with high priority overtake what waits for the peer, and low ones are overtaken', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const ids: string[] = [];
    for (const priority of ['low', 'normal', 'high', 'normal', 'low', 'high'] as const) {
      ids.push((await alice.api.send({ to: 'bob', text: `${priority}${ids.length}`, priority }, { signal })).id);
    }
    await bob.up();
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', 'high2', 'high5', 'normal1', 'normal3', 'low0', 'low4']);
  });

  test('with high priority overtake what waits for the disk', async () => {
    const [alice, bob] = await story.friends();
    alice.store.hold();
    const first = alice.api.send({ to: 'bob', text: 'under way' }, { signal });
    await until(() => alice.store.waiting > 0);
    const rest = (['low', 'normal', 'high'] as const).map((priority) =>
      alice.api.send({ to: 'bob', text: priority, priority }, { signal }),
    );
    alice.store.release();
    const ids = (await Promise.all([first, ...rest])).map(({ id }) => id);
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', 'under way', 'high', 'normal', 'low']);
  });

  test('with large attachments travel one to a frame beside many small ones, both ways', async () => {
    const [alice, bob] = await story.friends();
    const say = async (from: MemoryNode, to: string): Promise<readonly string[]> => {
      const sends = numbered('m', 60).map((text, n) =>
        from.api.send({ to, text, ...(n % 12 === 5 ? { attachments: [file] } : {}) }, { signal }),
      );
      return (await Promise.all(sends)).map(({ id }) => id);
    };
    const [there, back] = await Promise.all([say(alice, 'bob'), say(bob, 'alice')]);
    await allReach([alice, bob], { from: alice, ids: there });
    await allReach([alice, bob], { from: bob, ids: back });
    expect(await inboxTexts(bob)).toEqual(['hello', ...numbered('m', 60)]);
    expect(await inboxTexts(alice)).toEqual(['hello', ...numbered('m', 60)]);
    const large = frameSizes(alice).filter((size) => size > 60 * 1024);
    expect(large).toHaveLength(5);
    expect(frameSizes(alice).length).toBeLessThan(20);
    const [first] = (await bob.api.inbox({ limit: 1000 }, { signal })).messages.filter(
      ({ attachments }) => attachments.length > 0,
    );
    expect(await bob.api.attachment({ id: first?.id ?? '', index: 0 }, { signal })).toEqual(file);
  });
});

describe('receipts', () => {
  test('that do not fit one frame go in several, and none is forgotten', async () => {
    const limits = { maxReceiptIdsPerFrame: 10, maxReceiptsPerFrame: 3, leaseBatch: 4 };
    const [alice, bob] = await story.friends({ bob: { limits, runtime: handledBy(() => undefined) } });
    const ids = await sendAll(alice, 'bob', numbered('m', 120));
    const seen = async (): Promise<boolean> =>
      (await Promise.all(ids.map((id) => stateOf(alice, id)))).every((state) => state === 'seen');
    await eventually([alice, bob], seen);
    await quiet(alice, bob);
    const frames = story.wire.framesOf('bob').filter(({ frame }) => frame?.kind === 'receipt');
    expect(frames.length).toBeGreaterThanOrEqual(12);
  });
});

describe('keys that change under traffic', () => {
  test('lose, double and reorder nothing in either direction', async () => {
    const limits = { rekeyFrames: 4 };
    const [alice, bob] = await story.friends({ alice: { limits }, bob: { limits } });
    const texts = numbered('m', 80);
    const talk = async (from: MemoryNode, to: string): Promise<readonly string[]> => {
      const ids: string[] = [];
      for (const text of texts) ids.push(...(await sendAll(from, to, [text])));
      return ids;
    };
    const [there, back] = await Promise.all([talk(alice, 'bob'), talk(bob, 'alice')]);
    await allReach([alice, bob], { from: alice, ids: there });
    await allReach([alice, bob], { from: bob, ids: back });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
    expect(await inboxTexts(alice)).toEqual(['hello', ...texts]);
    expect(alice.host.lane(bob.agentId).session?.epoch).toBeGreaterThan(10);
    expect(replacements(alice, bob)).toBe(0);
  });

  test('go on changing when links break all the time', async () => {
    const limits = { rekeyFrames: 2 };
    const [alice, bob] = await story.friends({ alice: { limits }, bob: { limits } });
    let passed = 0;
    story.wire.fate = () => ((passed += 1) % 31 === 0 ? 'cut' : 'pass');
    const texts = numbered('m', 40);
    const ids: string[] = [];
    for (const text of texts) {
      ids.push(...(await sendAll(alice, 'bob', [text])));
      await sendAll(bob, 'alice', [text]);
    }
    await allReach([alice, bob], { from: alice, ids });
    await quiet(alice, bob);
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
    expect(await inboxTexts(alice)).toEqual(['hello', ...texts]);
    expect(replacements(alice, bob)).toBe(0);
  });
});
