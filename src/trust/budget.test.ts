import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, defaultLimits } from '#kernel';
import {
  afterItsTurn,
  afterUsage,
  type Budget,
  claimedBudget,
  countedBack,
  mayStart,
  shareOf,
  withBack,
  without,
} from './budget.ts';

const root = { turns: defaultLimits.rootTurns, hops: defaultLimits.rootHops };
const claimed = (budget?: Partial<Budget>): Budget =>
  claimedBudget(budget === undefined ? {} : { budget }, root, defaultLimits);

const attempt = (call: () => unknown): string => {
  try {
    call();
    return 'allowed';
  } catch (error) {
    return codeOf(error);
  }
};

describe('what a message says that it may cause', () => {
  it('is as much as a first message may cause when it says nothing', () => {
    expect(claimed()).toEqual(root);
    expect(claimed({ turns: 3 })).toEqual({ turns: 3, hops: root.hops });
  });

  it('is never more than the receiver allows', () => {
    const { maxTurnsPerMessage: turns, maxHops: hops } = defaultLimits;
    expect(claimed({ turns: 1e9, hops: 1e9, tokens: 5 })).toEqual({ turns, hops, tokens: 5 });
  });

  it.each<readonly [Partial<Budget>, boolean]>([
    [{}, true],
    [{ turns: 1, hops: 1 }, true],
    [{ turns: 0 }, false],
    [{ hops: 0 }, false],
    [{ tokens: 0 }, false],
    [{ costUsd: 0 }, false],
  ])('with %j starts a turn: %s', (budget, starts) => {
    expect(mayStart(claimed(budget))).toBe(starts);
  });
});

describe('a share', () => {
  it('is a quarter of what is left, half of it for whoever sent the cause, or what is asked for', () => {
    const left = { turns: 63, hops: 7 };
    expect(shareOf(left)).toEqual({ turns: 16, hops: 7 });
    expect(shareOf(left, { isBack: true })).toEqual({ turns: 32, hops: 7 });
    expect(shareOf(left, { turns: 63, hops: 2 })).toEqual({ turns: 63, hops: 2 });
  });

  it('takes tokens and cost along in proportion', () => {
    expect(shareOf({ turns: 4, hops: 7, tokens: 101, costUsd: 2 })).toEqual({
      turns: 1,
      hops: 7,
      tokens: 25,
      costUsd: 0.5,
    });
  });

  it.each([
    [{ turns: 0, hops: 7 }, {}, 'BUDGET_EXHAUSTED'],
    [{ turns: 5, hops: 0 }, {}, 'BUDGET_EXHAUSTED'],
    [{ turns: 5, hops: 5, tokens: 0 }, {}, 'BUDGET_EXHAUSTED'],
    [{ turns: 5, hops: 5 }, { turns: 6 }, 'BUDGET_EXHAUSTED'],
    [{ turns: 5, hops: 5 }, { hops: 6 }, 'BUDGET_EXHAUSTED'],
    [{ turns: 0, hops: 0 }, { turns: 0 }, 'allowed'],
  ])('of %j for whoever asks for %j: %s', (left, asked, outcome) => {
    expect(attempt(() => shareOf(left, asked))).toBe(outcome);
  });

  it('and what stays are together what was there', () => {
    const budget = fc.record({ turns: fc.nat(256), hops: fc.integer({ min: 1, max: 16 }), tokens: fc.nat(100_000) });
    fc.assert(
      fc.property(budget, fc.option(fc.nat(256), { nil: undefined }), fc.boolean(), (left, turns, isBack) => {
        fc.pre(attempt(() => shareOf(left, { turns, isBack })) === 'allowed');
        const share = shareOf(left, { turns, isBack });
        const rest = without(left, share);
        expect(share.turns + rest.turns).toBe(left.turns);
        expect((share.tokens ?? 0) + (rest.tokens ?? 0)).toBe(left.tokens);
        expect(share.hops).toBeLessThanOrEqual(left.hops);
      }),
    );
  });
});

describe('what a turn used', () => {
  it('is taken off what is bounded, whatever a program says', () => {
    const left = { turns: 5, hops: 5, tokens: 1000, costUsd: 1 };
    expect(afterUsage(left, { tokens: 99.5, costUsd: 0.25 })).toEqual({ ...left, tokens: 900, costUsd: 0.75 });
    expect(afterUsage(left, { tokens: 1e9 })).toMatchObject({ tokens: 0, turns: 5 });
    expect(afterUsage(left, { tokens: Number.NaN, costUsd: -1 })).toEqual(left);
    expect(afterUsage({ turns: 5, hops: 5 }, { tokens: 7 })).toEqual({ turns: 5, hops: 5 });
  });
});

describe('what an answer brings back', () => {
  it('is at most what went out, less the turn that answered', () => {
    const given = { turns: 16, hops: 7 };
    const before = { turns: 0, hops: 0 };
    expect(countedBack({ turns: 15, hops: 6 }, { given, before }).turns).toBe(15);
    expect(countedBack({ turns: 1e9, hops: 6 }, { given, before }).turns).toBe(15);
    expect(countedBack({ turns: 15, hops: 6 }, { given, before: { turns: 10, hops: 0 } }).turns).toBe(5);
    expect(countedBack({ turns: 15, hops: 6 }, { given: { turns: 0, hops: 1 }, before }).turns).toBe(0);
  });
});

interface Turn {
  left: Budget;
}

interface Waiting {
  readonly budget: Budget;
  /** The turn to which what is left goes back with the answer, and what went out with the request. */
  readonly asked: { readonly by: Turn; readonly given: Budget } | undefined;
}

/** Any tree of sends, asks and answers over any number of agents, as the choices say: how many turns start because of one message. */
class Tree {
  started = 0;
  readonly #waiting: Waiting[] = [];
  readonly #choices: Iterator<number>;
  readonly #isHonest: boolean;

  constructor(choices: readonly number[], isHonest = true) {
    this.#choices = choices.values();
    this.#isHonest = isHonest;
  }

  grow(first: Partial<Budget>): number {
    this.#waiting.push({ budget: claimed(first), asked: undefined });
    while (this.#waiting.length > 0 && this.started < 5000) {
      for (const message of this.#waiting.splice(this.#choose(this.#waiting.length - 1), 1)) this.#take(message);
    }
    return this.started;
  }

  #choose(most: number): number {
    return (this.#choices.next().value ?? 0) % (most + 1);
  }

  #take({ budget, asked }: Waiting): void {
    if (!mayStart(budget)) return;
    this.started += 1;
    const turn = { left: afterItsTurn(budget) };
    this.#send(turn);
    if (asked === undefined) return;
    const back = countedBack(turn.left, { given: asked.given, before: { turns: 0, hops: 0 } });
    // An answer for which nobody waits any more starts a turn of its own; else the turn that asked goes on with what came back.
    if (this.#choose(1) === 1) this.#waiting.push({ budget: back, asked: undefined });
    else {
      asked.by.left = withBack(asked.by.left, back);
      this.#send(asked.by);
    }
  }

  #send(by: Turn): void {
    for (let sends = 1 + this.#choose(6); sends > 0; sends -= 1) {
      const asked = this.#choose(3) === 0 ? { turns: this.#choose(80) } : { isBack: this.#choose(1) === 0 };
      if (attempt(() => shareOf(by.left, asked)) !== 'allowed') continue;
      const given = shareOf(by.left, asked);
      if (this.#isHonest) by.left = without(by.left, given);
      this.#waiting.push({ budget: claimed(given), asked: this.#choose(2) === 0 ? { by, given } : undefined });
    }
  }
}

describe('all that follows from one message', () => {
  const story = fc.array(fc.nat(1000), { minLength: 10, maxLength: 600 });

  it('is never more turns than it says, whoever writes to whom', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 256 }), fc.integer({ min: 0, max: 16 }), story, (turns, hops, choices) => {
        expect(new Tree(choices).grow({ turns, hops })).toBeLessThanOrEqual(turns);
      }),
      { numRuns: 500 },
    );
  });

  it('would be more if what is given away were not taken off', () => {
    const busy = Array.from({ length: 600 }, (_, index) => index * 7 + 5);
    expect(new Tree(busy, false).grow({ turns: 20, hops: 8 })).toBeGreaterThan(20);
  });
});
