import { afterEach, describe, expect, test } from 'vitest';
import { createIds, systemClock, systemRandom } from '#kernel';
import type { MeshStore } from '#pipeline';
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameId,
  type LinkOperation,
  type LinkOperationOf,
} from '#protocol';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, numbered } from '../support/memory-story.ts';
import { inboxTexts, send, until } from '../support/story.ts';

const ids = createIds(systemClock, systemRandom);
let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const replacements = ({ read }: MeshStore): number =>
  read.audit.entries({ kind: 'session.replaced', limit: 1000 }).length;

describe('somebody on the network path', () => {
  const repeated = (operation: LinkOperationOf<'frame'>, changed: (frame: Frame) => Partial<Frame>): LinkOperation => {
    const frame = decodeFrame(operation.frame);
    return { op: 'frame', frame: encodeFrame({ ...frame, ...changed(frame), id: ids.next('frm') }) };
  };

  const asItIs = (): Partial<Frame> => ({});
  const damaged = ({ bytes }: Frame): Partial<Frame> => ({ bytes: bytes.map((byte, n) => (n > 40 ? byte ^ 1 : byte)) });
  const ofNoSession = ({ bytes }: Frame): Partial<Frame> => ({
    bytes: bytes.map((byte, n) => (n === 9 ? byte ^ 1 : byte)),
  });

  /** Of the first frames every fifth gets a companion under an id of its own. */
  function inject(place: 'before' | 'behind', changed: (frame: Frame) => Partial<Frame>): void {
    let frames = 0;
    story.wire.fate = ({ operation }) => {
      if (operation.op !== 'frame') return 'pass';
      frames += 1;
      if (frames > 60 || frames % 5 !== 2) return 'pass';
      const injected = repeated(operation, changed);
      return place === 'before' ? [injected, operation] : [operation, injected];
    };
  }

  async function expectAllInOrder([one, two]: readonly [MemoryNode, MemoryNode]): Promise<void> {
    const texts = numbered('m', 20);
    const [there, back]: [string[], string[]] = [[], []];
    for (const text of texts) {
      there.push(await send(one, two.name, text));
      back.push(await send(two, one.name, text));
    }
    await allReach([one, two], { from: one, ids: there });
    await allReach([one, two], { from: two, ids: back });
    for (const node of [one, two]) expect(await inboxTexts(node)).toEqual(['hello', ...texts]);
  }

  test.each([
    ['repeats frames under other ids', 'behind', asItIs],
    ['repeats frames, damaged', 'behind', damaged],
    ['sends damaged frames', 'before', damaged],
    ['sends frames of no session', 'before', ofNoSession],
  ] as const)('that %s (%s the real ones) ends links, and no session', async (_what, place, changed) => {
    const friends = await story.friends();
    inject(place, changed);
    await expectAllInOrder(friends);
    expect(story.wire.passed.some(({ operation }) => operation.op === 'refused')).toBe(true);
    for (const { store } of friends) expect(replacements(store)).toBe(0);
  });

  test('that gives a frame another id makes its sender begin a session, and nothing is lost, doubled or out of order', async () => {
    const friends = await story.friends();
    inject('before', asItIs);
    await expectAllInOrder(friends);
    expect(friends.some(({ store }) => replacements(store) > 0)).toBe(true);
  });

  test('that refuses frames in the name of the peer costs sessions, and nothing is lost, doubled or out of order', async () => {
    const friends = await story.friends();
    let answers = 0;
    story.wire.fate = ({ operation }) => {
      if (operation.op !== 'delivered') return 'pass';
      answers += 1;
      return answers < 100 && answers % 9 === 4
        ? { op: 'refused', frameId: operation.frameId, code: 'SESSION_BROKEN' }
        : 'pass';
    };
    await expectAllInOrder(friends);
    expect(friends.some(({ store }) => replacements(store) > 0)).toBe(true);
  });

  test('that swallows a frame and says that it was taken is found out with the next one, and nothing is out of order', async () => {
    const friends = await story.friends();
    const [alice, bob] = friends;
    let swallowed: FrameId | undefined;
    let answered = false;
    story.wire.fate = ({ from, frame, operation }) => {
      if (from === 'alice' && frame?.kind === 'app' && swallowed === undefined) {
        swallowed = frame.id;
        return 'drop';
      }
      if (from !== 'bob' || swallowed === undefined || answered) return 'pass';
      answered = true;
      return [operation, { op: 'delivered', frameId: swallowed }];
    };
    const first = await send(alice, 'bob', 'swallowed');
    await send(bob, 'alice', 'something to answer with');
    await until(() => answered);
    const second = await send(alice, 'bob', 'next');
    await allReach(friends, { from: alice, ids: [first, second] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'swallowed', 'next']);
    expect(replacements(alice.store)).toBe(1);
  });
});
