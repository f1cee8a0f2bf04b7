import { afterEach, describe, expect, test } from 'vitest';
import { type FaultyStore, writing } from '../support/faulty-store.ts';
import { allReach, MemoryStory, numbered, quiet, sendAll, turns } from '../support/memory-story.ts';
import { inboxTexts, send, until } from '../support/story.ts';
import { breaking, type Passing } from '../support/wire.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const sealing = writing('outbox.insertFrame');
const byFrame = (passed: readonly Passing[]): Map<string, Set<string>> => {
  const bytes = new Map<string, Set<string>>();
  for (const { frame, hex } of passed) {
    if (frame === undefined || hex === undefined) continue;
    bytes.set(frame.id, (bytes.get(frame.id) ?? new Set()).add(hex));
  }
  return bytes;
};

const framesIn = (store: FaultyStore): readonly string[] =>
  store.committed
    .flat()
    .filter((write) => write.startsWith('outbox.insertFrame '))
    .map((write) => write.slice(19));

describe('nothing is transmitted before its transaction committed:', () => {
  test('while the commit waits the wire is silent and the message is not accepted', async () => {
    const [alice, bob] = await story.friends();
    alice.store.hold();
    let accepted = false;
    const sending = send(alice, 'bob', 'patience').then((id) => {
      accepted = true;
      return id;
    });
    await until(() => alice.store.waiting > 0);
    await turns();
    expect(story.wire.framesOf('alice')).toEqual([]);
    expect(accepted).toBe(false);
    alice.store.release();
    await allReach([alice, bob], { from: alice, ids: [await sending] });
    expect(await inboxTexts(bob)).toContain('patience');
  });

  test('in a long exchange with broken links every frame on the wire was committed before', async () => {
    const [alice, bob] = await story.friends();
    const early: string[] = [];
    const storm = breaking('sender', 23);
    story.wire.fate = (passing) => {
      const { from, frame } = passing;
      const { store } = from === 'alice' ? alice : bob;
      if (frame !== undefined && !framesIn(store).includes(frame.id)) early.push(frame.id);
      return storm(passing);
    };
    const rounds = numbered('m', 30);
    const ids: string[] = [];
    for (const text of rounds) ids.push(await send(alice, 'bob', text), await send(bob, 'alice', text));
    const [mine, yours] = [ids.filter((_, n) => n % 2 === 0), ids.filter((_, n) => n % 2 === 1)];
    await allReach([alice, bob], { from: alice, ids: mine });
    await allReach([alice, bob], { from: bob, ids: yours });
    expect(early).toEqual([]);
    expect(story.wire.passed.length).toBeGreaterThan(60);
    expect(await inboxTexts(bob)).toEqual(['hello', ...rounds]);
    expect(await inboxTexts(alice)).toEqual(['hello', ...rounds]);
  });

  test('a process that ends before the commit sent nothing and accepted nothing', async () => {
    const [alice, bob] = await story.friends();
    const crashed = alice.store.crashBefore(sealing);
    void send(alice, 'bob', 'never said');
    await crashed;
    await turns();
    expect(story.wire.framesOf('alice')).toEqual([]);
    await alice.up();
    const id = await send(alice, 'bob', 'said');
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'said']);
  });
});

describe('after a crash the same bytes are sent again, never re-encrypted:', () => {
  test('frames that were on the wire and not acknowledged', async () => {
    const [alice, bob] = await story.friends();
    story.wire.pause('bob');
    const ids = await sendAll(alice, 'bob', numbered('a', 3));
    const more = await sendAll(alice, 'bob', numbered('b', 3));
    await until(() => story.wire.framesOf('alice').length >= 2);
    const before = byFrame(story.wire.framesOf('alice'));
    alice.crash();
    story.wire.resume('bob');
    story.wire.clear();
    await alice.up();
    await allReach([alice, bob], { from: alice, ids: [...ids, ...more] });
    const after = byFrame(story.wire.framesOf('alice'));
    for (const [frameId, bytes] of before) expect(after.get(frameId)).toEqual(bytes);
    expect(before.size).toBeGreaterThan(1);
    expect(await inboxTexts(bob)).toEqual(['hello', ...numbered('a', 3), ...numbered('b', 3)]);
  });

  test('a frame that was committed and never written, and in the order of sealing', async () => {
    const [alice, bob] = await story.friends();
    const crashed = alice.store.crashAfter(sealing);
    void send(alice, 'bob', 'first');
    await crashed;
    await turns();
    const [sealed] = framesIn(alice.store).slice(-1);
    expect(story.wire.framesOf('alice')).toEqual([]);
    await alice.up();
    const second = await send(alice, 'bob', 'second');
    await allReach([alice, bob], { from: alice, ids: [second] });
    expect(story.wire.framesOf('alice')[0]?.frame?.id).toBe(sealed);
    expect(await inboxTexts(bob)).toEqual(['hello', 'first', 'second']);
  });

  test('over many crashes of the sender a frame id has one form only', async () => {
    const [alice, bob] = await story.friends();
    const texts = numbered('m', 40);
    for (const [n, text] of texts.entries()) {
      await send(alice, 'bob', text);
      if (n % 5 !== 4) continue;
      alice.crash();
      await alice.up();
    }
    await quiet(alice, bob);
    const written = story.wire.framesOf('alice');
    const forms = byFrame(written);
    expect(written.length).toBeGreaterThan(forms.size);
    expect([...forms.values()].map(({ size }) => size).filter((size) => size > 1)).toEqual([]);
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });
});
