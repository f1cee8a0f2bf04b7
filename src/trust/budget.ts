import { type Limits, MeshError } from '#kernel';
import type { Message } from '#protocol';

/**
 * What may still happen because of a message (spec 14.1): how many turns of programs may start, and how long a chain of messages may
 * still be. Tokens and US dollars are bounded only when somebody said so.
 */
export interface Budget {
  readonly turns: number;
  readonly hops: number;
  readonly tokens?: number;
  readonly costUsd?: number;
}

export type BudgetLimits = Pick<Limits, 'maxTurnsPerMessage' | 'maxHops'>;

/** What a message says that it may cause, itself included; `root` is what one counts as that says nothing (spec 14.2). */
export function claimedBudget({ budget = {} }: Pick<Message, 'budget'>, root: Budget, limits: BudgetLimits): Budget {
  const { turns = root.turns, hops = root.hops, tokens, costUsd } = budget;
  return {
    ...defined({ tokens, costUsd }),
    turns: Math.min(turns, limits.maxTurnsPerMessage),
    hops: Math.min(hops, limits.maxHops),
  };
}

/** Nothing may start a turn that has no turn, no hop, no token or no cent left (spec 14.4). */
export const mayStart = ({ turns, hops, tokens = 1, costUsd = 1 }: Budget): boolean =>
  turns > 0 && hops > 0 && tokens > 0 && costUsd > 0;

/** What is left to give away when the message has started its own turn. */
export const afterItsTurn = (claimed: Budget): Budget => ({
  ...claimed,
  turns: Math.max(0, claimed.turns - 1),
  hops: Math.max(0, claimed.hops - 1),
});

export interface ShareRequest {
  /** Turns that the caller asks for; without it a part of what is left. */
  readonly turns?: number | undefined;
  /** Hops that the caller asks for; without it all that are left. */
  readonly hops?: number | undefined;
  /** Tokens and US dollars that the caller asks for; without it the same part of them as of the turns. */
  readonly tokens?: number | undefined;
  readonly costUsd?: number | undefined;
  /** It goes back to whoever sent the cause: then half of what is left, else a quarter. */
  readonly isBack?: boolean | undefined;
}

/** The part of what is left that a new message takes with it. Throws BUDGET_EXHAUSTED. */
export function shareOf(left: Budget, asked: ShareRequest = {}): Budget {
  const wanted = asked.turns ?? Math.ceil(left.turns / (asked.isBack === true ? 2 : 4));
  // Whoever asks for no turn leaves a note for a person, which nothing follows from.
  if (asked.turns !== 0 && !mayStart(left)) throw exhausted(left);
  if (wanted > left.turns) throw tooMuch('turns', wanted, left.turns);
  if (asked.hops !== undefined && asked.hops > left.hops) throw tooMuch('hops', asked.hops, left.hops);
  const part = left.turns === 0 ? 0 : wanted / left.turns;
  return {
    ...defined({
      tokens: partOf(left.tokens, asked.tokens, (all) => Math.floor(all * part)),
      costUsd: partOf(left.costUsd, asked.costUsd, (all) => all * part),
    }),
    turns: wanted,
    hops: asked.hops ?? left.hops,
  };
}

/** Where nothing was bounded so far, whoever sends may set a bound. */
function partOf(
  left: number | undefined,
  asked: number | undefined,
  usual: (all: number) => number,
): number | undefined {
  if (left === undefined) return asked;
  return Math.min(left, asked ?? usual(left));
}

/** Hops are no store that is drawn from: every message of a turn has as many. */
export const without = (left: Budget, taken: Budget): Budget => ({
  ...left,
  turns: Math.max(0, left.turns - taken.turns),
  ...defined({
    tokens: left.tokens === undefined ? undefined : Math.max(0, left.tokens - (taken.tokens ?? 0)),
    costUsd: left.costUsd === undefined ? undefined : Math.max(0, left.costUsd - (taken.costUsd ?? 0)),
  }),
});

/** What an answer brought back is there again for others. */
export const withBack = (left: Budget, back: Budget): Budget => ({
  ...left,
  turns: left.turns + back.turns,
  ...defined({
    tokens: left.tokens === undefined ? undefined : left.tokens + (back.tokens ?? 0),
    costUsd: left.costUsd === undefined ? undefined : left.costUsd + (back.costUsd ?? 0),
  }),
});

/**
 * What of an answer counts (spec 14.5): never more than went out with the request and has not come back, less the turn that answered it.
 * `before` came back with earlier answers to the same request.
 */
export function countedBack(carried: Budget, { given, before }: { given: Budget; before: Budget }): Budget {
  const most = (out: number, came: number): number => Math.max(0, out - came);
  return {
    ...defined({
      tokens:
        given.tokens === undefined ? undefined : Math.min(carried.tokens ?? 0, most(given.tokens, before.tokens ?? 0)),
      costUsd:
        given.costUsd === undefined
          ? undefined
          : Math.min(carried.costUsd ?? 0, most(given.costUsd, before.costUsd ?? 0)),
    }),
    turns: Math.min(carried.turns, most(given.turns - 1, before.turns)),
    hops: Math.min(carried.hops, given.hops),
  };
}

export const nothingLeft: Budget = { turns: 0, hops: 0 };

/** What the program says that a turn used. */
export interface Usage {
  readonly tokens?: number | undefined;
  readonly costUsd?: number | undefined;
}

/** What is left when a turn has used something. */
export const afterUsage = (left: Budget, usage: Usage): Budget => without(left, usedBy(usage));

/** As a budget; what a program says may be anything. */
export const usedBy = ({ tokens = 0, costUsd = 0 }: Usage): Budget => ({
  turns: 0,
  hops: 0,
  tokens: Math.ceil(amountOf(tokens)),
  costUsd: amountOf(costUsd),
});

const amountOf = (value: number): number => (value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : 0);

function exhausted({ turns, hops }: Budget): MeshError {
  const what = turns === 0 ? 'turns' : hops === 0 ? 'hops' : 'tokens or cost';
  return new MeshError('BUDGET_EXHAUSTED', `The message that this one is caused by has no ${what} left`);
}

const tooMuch = (what: 'turns' | 'hops', wanted: number, left: number): MeshError =>
  new MeshError(
    'BUDGET_EXHAUSTED',
    `${wanted} ${what} are asked for, and the message that this one is caused by has ${left} left`,
    {
      data: { [what]: left },
    },
  );

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  // Keys whose value is undefined are gone, which is what the type says.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
