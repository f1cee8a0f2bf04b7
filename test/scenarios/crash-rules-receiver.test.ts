import { afterEach, describe, expect, test } from 'vitest';
import { writing } from '../support/faulty-store.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, numbered, quiet, sendAll, turns } from '../support/memory-story.ts';
import { inboxTexts, send, stateOf, until } from '../support/story.ts';
import { eventually } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const storing = writing('inbox.insert');

const opened = (node: MemoryNode): number =>
  node.store.read.audit.entries({ kind: 'frame.opened', limit: 1000 }).length;

const replaced = (...nodes: readonly MemoryNode[]): number =>
  nodes.flatMap(({ store }) => store.read.audit.entries({ kind: 'session.replaced', limit: 1000 })).length;

/** The frames are on the wire one after another, not all in one. */
async function sendFrames(from: MemoryNode, to: string, texts: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const text of texts) ids.push(await send(from, to, text));
  return ids;
}

describe('nothing is acknowledged before its transaction committed:', () => {
  test('while the commit waits the peer hears neither an answer nor a receipt', async () => {
    const [alice, bob] = await story.friends();
    bob.store.hold();
    const id = await send(alice, 'bob', 'wait for it');
    await until(() => bob.store.waiting > 0 && story.wire.framesOf('alice').length > 0);
    await turns();
    expect(story.wire.framesOf('alice')).toHaveLength(1);
    expect(story.wire.answersOf('bob')).toEqual([]);
    expect(story.wire.framesOf('bob')).toEqual([]);
    expect(['queued', 'sent']).toContain(await stateOf(alice, id));
    bob.store.release();
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(story.wire.answersOf('bob').length).toBeGreaterThan(0);
  });

  test('a frame that could not be stored is repeated, and none behind it is taken first', async () => {
    const [alice, bob] = await story.friends();
    story.wire.pause('alice');
    const texts = numbered('m', 5);
    const ids = await sendFrames(alice, 'bob', texts);
    const refused = bob.store.refuse(storing, { times: 2 });
    story.wire.resume('alice');
    await refused;
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
    expect(replaced(alice, bob)).toBe(0);
  });

  test('a process that ends before the commit acknowledged nothing and gets the frame again', async () => {
    const [alice, bob] = await story.friends();
    const crashed = bob.store.crashBefore(storing);
    const id = await send(alice, 'bob', 'once more');
    await crashed;
    await turns();
    expect(story.wire.answersOf('bob')).toEqual([]);
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'once more']);
    expect(replaced(alice, bob)).toBe(0);
  });

  test('a process that ends between the commit and the answer answers the repeated frame without opening it again', async () => {
    const [alice, bob] = await story.friends();
    const before = opened(bob);
    const crashed = bob.store.crashAfter(storing);
    const id = await send(alice, 'bob', 'kept');
    await crashed;
    await turns();
    expect(story.wire.answersOf('bob')).toEqual([]);
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [id] });
    await quiet(alice, bob);
    expect(opened(bob)).toBe(before + 1);
    expect(await inboxTexts(bob)).toEqual(['hello', 'kept']);
    expect(replaced(alice, bob)).toBe(0);
  });
});

describe('the inbox holds each message once', () => {
  test('when the link answers a frame twice', async () => {
    const [alice, bob] = await story.friends();
    let doubled = 0;
    story.wire.fate = ({ from, operation }) => {
      if (from !== 'bob' || operation.op !== 'delivered' || doubled > 0) return 'pass';
      doubled += 1;
      return 'twice';
    };
    const texts = numbered('m', 10);
    const ids = await sendFrames(alice, 'bob', texts);
    await allReach([alice, bob], { from: alice, ids });
    expect(doubled).toBe(1);
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });

  test('when a frame arrives twice', async () => {
    const [alice, bob] = await story.friends();
    const before = opened(bob);
    let doubled = 0;
    story.wire.fate = ({ from, frame }) => {
      if (from !== 'alice' || frame === undefined || doubled === 3) return 'pass';
      doubled += 1;
      return 'twice';
    };
    const texts = numbered('m', 10);
    const ids = await sendFrames(alice, 'bob', texts);
    await allReach([alice, bob], { from: alice, ids });
    expect(doubled).toBe(3);
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
    const frames = new Set(
      story.wire.framesOf('alice').flatMap(({ frame }) => (frame?.kind === 'app' ? [frame.id] : [])),
    );
    expect(opened(bob)).toBe(before + frames.size);
    expect(replaced(alice, bob)).toBe(0);
  });

  test('when links are lost with the answers on them', async () => {
    const [alice, bob] = await story.friends();
    let answers = 0;
    story.wire.fate = ({ from, operation }) => {
      if (from !== 'bob' || operation.op !== 'delivered') return 'pass';
      answers += 1;
      return answers % 3 === 0 ? 'cut' : 'pass';
    };
    const texts = numbered('m', 30);
    const ids: string[] = [];
    for (const batch of [texts.slice(0, 10), texts.slice(10, 20), texts.slice(20)]) {
      ids.push(...(await sendAll(alice, 'bob', batch)));
      ids.push(await send(alice, 'bob', `after ${batch[0]}`));
    }
    await allReach([alice, bob], { from: alice, ids });
    const written = story.wire.framesOf('alice').map(({ frame }) => frame?.id);
    expect(written.length).toBeGreaterThan(new Set(written).size);
    const arrived = await inboxTexts(bob);
    expect(arrived).toHaveLength(1 + ids.length);
    expect(new Set(arrived).size).toBe(arrived.length);
    expect(replaced(alice, bob)).toBe(0);
  });

  test('and their order, when both sides crash in turn under traffic', async () => {
    const [alice, bob] = await story.friends();
    const texts = numbered('m', 24);
    const ids: string[] = [];
    for (const [n, text] of texts.entries()) {
      ids.push(await send(alice, 'bob', text));
      const victim = n % 8 === 3 ? bob : n % 8 === 7 ? alice : undefined;
      victim?.crash();
      await victim?.up();
    }
    await allReach([alice, bob], { from: alice, ids });
    await eventually([alice, bob], async () => (await inboxTexts(bob)).length === 1 + texts.length);
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });
});
