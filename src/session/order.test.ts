import { describe, expect, it } from 'vitest';
import { toUtf8 } from '#kernel';
import {
  alice,
  at,
  bob,
  codeOfOpening,
  commitOnce,
  contextOf,
  now,
  openAll,
  openText,
  pairAfter,
  sealAll,
  stolenState,
  type TestPair,
} from '../../test/support/session-fixtures.ts';
import { openEngine } from './engine.ts';
import { withNumber } from './frame-number.ts';
import { createApplicationMessage } from './mls.ts';
import type { SecureSession } from './secure-session.ts';
import { encodePrivateMessage } from './wire.ts';

const { suite } = contextOf('attacker');
const engine = openEngine(contextOf('loader'));

/** Bob's session as it comes back from the disk. */
const loaded = (session: SecureSession): SecureSession =>
  engine.load({ self: bob, peer: alice.agentId, stored: session.encode() });

interface Missed {
  /** Where the frames are opened, after whatever commits came. */
  readonly b: SecureSession;
  /** In the order of sealing; the first is missing. */
  readonly frames: readonly Uint8Array[];
}

/** Alice seals `one`, then Bob changes the keys. */
async function bobCommits({ a, b }: TestPair): Promise<Missed> {
  const one = await sealAll(a, ['one']);
  const [next, other] = await commitOnce(one.next, b);
  const more = await sealAll(next, ['two', 'three']);
  return { b: other, frames: [...one.frames, ...more.frames] };
}

async function aliceCommits({ a, b }: TestPair): Promise<Missed> {
  const one = await sealAll(a, ['one']);
  const commit = await one.next.commit(now);
  const more = await sealAll(commit.next, ['two', 'three']);
  return { b: (await b.open(commit.bytes, now)).next, frames: [...one.frames, ...more.frames] };
}

/** Both change their keys once, and Alice seals nothing in the epoch between. */
async function bothCommit({ a, b }: TestPair): Promise<Missed> {
  const one = await sealAll(a, ['one']);
  const [next, other] = await commitOnce(...(await commitOnce(one.next, b)));
  const more = await sealAll(next, ['two', 'three']);
  return { b: other, frames: [...one.frames, ...more.frames] };
}

async function nobodyCommits({ a, b }: TestPair): Promise<Missed> {
  return { b, frames: (await sealAll(a, ['one', 'two', 'three'])).frames };
}

describe('frames of one sender', () => {
  it.each([
    ['in one epoch', 1, nobodyCommits],
    ['when their sender changed the keys behind the missing one', 1, aliceCommits],
    ['when their receiver did', 2, bobCommits],
    ['when both did', 2, bothCommit],
  ] as const)('are opened without a gap, %s', async (_when, steps, miss) => {
    const { b, frames } = await miss(await pairAfter(steps));
    const [one, two, three] = [at(frames, 0), at(frames, 1), at(frames, 2)];
    for (const session of [b, loaded(b)]) {
      expect(await codeOfOpening(session, two)).toBe('SESSION_BROKEN');
      expect(await codeOfOpening(session, three)).toBe('SESSION_BROKEN');
      // A refusal changes nothing: what is next opens, and then the others do.
      expect((await openAll(loaded(session), [one, two, three])).texts).toEqual(['one', 'two', 'three']);
    }
  });

  it('are counted over commits and storing, each direction for itself', async () => {
    let { a, b } = await pairAfter(1);
    const texts: string[] = [];
    for (let epoch = 2; epoch < 8; epoch += 1) {
      const there = await sealAll(a, [`${epoch} there`, `${epoch} again`]);
      const back = await sealAll(loaded(b), [`${epoch} back`]);
      const [one, two] = [await openAll(there.next, back.frames), await openAll(back.next, there.frames)];
      texts.push(...one.texts, ...two.texts);
      [a, b] = await commitOnce(one.next, loaded(two.next));
    }
    expect(texts).toHaveLength(18);
  });

  it('that carry another number than the next one are refused, whoever sealed them', async () => {
    const { a, b } = await pairAfter(1);
    const state = stolenState(a, alice);
    const numbered = async (number: number): Promise<Uint8Array> => {
      const { privateMessage } = await createApplicationMessage(state, withNumber(number, toUtf8('x')), suite);
      return encodePrivateMessage(privateMessage);
    };
    for (const number of [1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      expect(await codeOfOpening(b, await numbered(number))).toBe('SESSION_BROKEN');
    }
    const { privateMessage } = await createApplicationMessage(state, toUtf8('short'), suite);
    expect(await codeOfOpening(b, encodePrivateMessage(privateMessage))).toBe('SESSION_BROKEN');
    expect((await openText(b, await numbered(0))).text).toBe('x');
  });

  it('say which one is missing', async () => {
    const { b, frames } = await aliceCommits(await pairAfter(1));
    await expect(b.open(at(frames, 1), now)).rejects.toThrow('number 1 of its sender; the next one is number 0');
  });
});
