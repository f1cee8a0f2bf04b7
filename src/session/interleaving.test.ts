import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromUtf8, toUtf8 } from '#kernel';
import { alice, bob, contextOf, newPair, now } from '../../test/support/session-fixtures.ts';
import { openEngine } from './engine.ts';
import { turnOf } from './roster.ts';
import type { SecureSession } from './secure-session.ts';

const engine = openEngine(contextOf('interleaving'));

const actions = ['seal', 'deliver', 'commit', 'store', 'fail'] as const;
type Action = readonly [side: 0 | 1, action: (typeof actions)[number]];

/** Two ends with a queue in each direction; each end is one value that is replaced by its next. */
class TwoEnds {
  readonly ends: [SecureSession, SecureSession];
  readonly queues: [Uint8Array[], Uint8Array[]] = [[], []];
  readonly sent: [string[], string[]] = [[], []];
  readonly received: [string[], string[]] = [[], []];

  constructor(creator: SecureSession, joiner: SecureSession) {
    this.ends = [creator, joiner];
  }

  async run([side, action]: Action): Promise<void> {
    if (action === 'seal') return this.#seal(side);
    if (action === 'deliver') return this.deliver(side);
    if (action === 'commit') return this.#commit(side);
    if (action === 'store') return this.#store(side);
    // A transaction that failed: the step is dropped, nothing was transmitted.
    await this.ends[side].seal(toUtf8('never stored'));
  }

  async #seal(side: 0 | 1): Promise<void> {
    const text = `${side}/${this.sent[side].length}`;
    const step = await this.ends[side].seal(toUtf8(text));
    this.#adopt(side, step);
    this.sent[side].push(text);
    this.queues[side].push(step.bytes);
  }

  async #commit(side: 0 | 1): Promise<void> {
    if (turnOf(this.ends[side].epoch) !== side) return;
    const step = await this.ends[side].commit(now);
    this.#adopt(side, step);
    this.queues[side].push(step.bytes);
  }

  /** The oldest frame that the side sent arrives at the other. */
  async deliver(side: 0 | 1): Promise<void> {
    const bytes = this.queues[side].shift();
    if (bytes === undefined) return;
    const receiver = side === 0 ? 1 : 0;
    const step = await this.ends[receiver].open(bytes, now);
    if (step.kind === 'app') this.received[side].push(fromUtf8(step.plaintext));
    this.#adopt(receiver, step);
  }

  async #store(side: 0 | 1): Promise<void> {
    const stored = this.ends[side].encode();
    const [self, peer] = side === 0 ? [alice, bob.agentId] : [bob, alice.agentId];
    this.ends[side] = engine.load({ self, peer, stored });
  }

  #adopt(side: 0 | 1, step: { readonly next: SecureSession; wipe(): void }): void {
    this.ends[side] = step.next;
    step.wipe();
  }
}

async function play(story: readonly Action[]): Promise<TwoEnds> {
  const { a, b } = await newPair();
  const world = new TwoEnds(a, b);
  for (const action of story) await world.run(action);
  while (world.queues[0].length > 0 || world.queues[1].length > 0) {
    await world.deliver(0);
    await world.deliver(1);
  }
  return world;
}

describe('any interleaving of two ends with delivery in order', () => {
  it('gives every text once and in order, and brings both ends to the same epoch', async () => {
    const action = fc.tuple(fc.constantFrom(0 as const, 1 as const), fc.constantFrom(...actions));
    let commits = 0;
    let texts = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 60 }), async (story) => {
        const world = await play(story);
        expect(world.received).toEqual(world.sent);
        expect(world.ends[0].epoch).toBe(world.ends[1].epoch);
        commits += world.ends[0].epoch - 1;
        texts += world.received.flat().length;
      }),
      { numRuns: 25, seed: 20_260_101 },
    );
    expect(commits).toBeGreaterThan(25);
    expect(texts).toBeGreaterThan(100);
  });

  it('is what order means: swapped frames are noticed', async () => {
    const { a, b } = await newPair();
    const world = new TwoEnds(a, b);
    await world.run([0, 'seal']);
    await world.run([0, 'seal']);
    world.queues[0].reverse();
    await expect(world.deliver(0)).rejects.toMatchObject({ code: 'SESSION_BROKEN' });
    await world.deliver(0);
    expect(world.received[0]).toEqual(world.sent[0].slice(0, 1));
  });
});
