import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rule, Violation } from './check.ts';
import { ContactRound } from './contact-round.ts';
import { type Kill, Pair, type PairResult, sideNames } from './pair.ts';
import { killsForAll, planAgain, type PlannedRound, planRounds } from './plan.ts';
import { allPoints, trafficPoints } from './points.ts';
import { type Disks, type Episode, Round } from './round.ts';
import { SmallFolder } from './small-folder.ts';
import type { SideName } from './side.ts';
import { tellViolation } from './tell.ts';

export interface CrashOptions {
  readonly kills: number;
  readonly seed: string;
  /** Rounds at a time. */
  readonly parallel: number;
  /** Only this one. */
  readonly round?: number;
  /** Which folders stay: those of rounds in which something was wrong, unless said otherwise. */
  readonly keep?: 'all' | 'none';
  readonly planted?: string;
  note(text: string): void;
}

/** What one round came to. */
export interface RoundOutcome {
  readonly plan: PlannedRound;
  readonly result: PairResult;
  /** Why it did not come to its end. */
  readonly broken?: string;
  readonly leftOut?: string;
  readonly dir: string;
  readonly story: readonly string[];
}

const smallDiskMb = 6;
const togetherWith = 'together with';
const talkMs = 1500;

/** Runs the plan of the seed. Points that were not reached are tried once more. */
export async function runCrash(options: CrashOptions): Promise<readonly RoundOutcome[]> {
  const { kills, seed, round } = options;
  const plan = planRounds({ kills, seed }).filter(({ number }) => round === undefined || number === round);
  const outcomes = await runAll(plan, options);
  if (round !== undefined || kills < killsForAll) return outcomes;
  const met = pointsMet(outcomes);
  const missing = trafficPoints.filter(({ name }) => !met.has(name));
  return [...outcomes, ...(await runAll(planAgain(missing, { seed, after: plan.length }), options))];
}

async function runAll(plan: readonly PlannedRound[], options: CrashOptions): Promise<readonly RoundOutcome[]> {
  const waiting = [...plan];
  const outcomes: RoundOutcome[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const outcome = await runRound(next, options);
      outcomes.push(outcome);
      options.note(noteOf(outcome, plan.length));
      if (!isClean(outcome)) options.note(`\n${tellOutcome(outcome, options)}\n`);
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, worker));
  return outcomes.toSorted((a, b) => a.plan.number - b.plan.number);
}

/** One round from two fresh identities to the check of everything. */
export async function runRound(
  plan: PlannedRound,
  { planted, keep }: Pick<CrashOptions, 'planted' | 'keep'>,
): Promise<RoundOutcome> {
  using disks = plan.kind === 'small-disk' ? new SmallDisks() : undefined;
  const stateDirs = disks?.folders;
  const pair = await Pair.create({
    seed: plan.seed,
    forms: plan.forms,
    ...(planted === undefined ? {} : { planted }),
    ...(stateDirs === undefined ? {} : { stateDirs }),
  });
  const facts = { plan, dir: pair.dir, story: pair.story };
  let failed = true;
  try {
    if (disks?.refused !== undefined) {
      failed = false;
      return { ...facts, result: nothing, leftOut: `no small file system can be mounted: ${disks.refused}` };
    }
    const unmet = await go(pair, plan, disks);
    const result = await pair.result();
    failed = result.violations.length > 0;
    return { ...facts, result: { ...result, unmet } };
  } catch (error) {
    return { ...facts, result: { ...nothing, kills: pair.kills }, broken: String(error) };
  } finally {
    await pair.end({ keep: keep === 'all' || (failed && keep !== 'none') });
  }
}

async function go(pair: Pair, plan: PlannedRound, disks: Disks | undefined): Promise<readonly string[]> {
  if (plan.kind === 'contact') {
    const meeting = new ContactRound(pair, plan.meeting);
    await meeting.run(plan.steps);
    await pair.pause(talkMs);
    return meeting.unmet;
  }
  await pair.begin();
  const round = new Round(pair, disks);
  await round.run(plan.episodes);
  return round.unmet;
}

const nothing: PairResult = { kills: [], violations: [], unmet: [], tally: { sent: 0, handled: 0, repeated: 0 } };

/** A file system of a few MB for the state folder of each side. */
class SmallDisks implements Disks, Disposable {
  readonly refused: string | undefined;
  readonly #dir = mkdtempSync(join(tmpdir(), 'mesh-small-'));
  readonly #mounted: Partial<Record<SideName, SmallFolder>> = {};

  readonly #unmount = (): void => {
    for (const folder of Object.values(this.#mounted)) folder[Symbol.dispose]();
    rmSync(this.#dir, { recursive: true, force: true });
  };

  constructor() {
    // Also when the run is broken off: what is mounted would stay.
    process.once('exit', this.#unmount);
    for (const name of sideNames) {
      const folder = SmallFolder.mount(join(this.#dir, name), smallDiskMb);
      if ('refused' in folder) this.refused = folder.refused;
      else this.#mounted[name] = folder;
    }
  }

  get folders(): Partial<Record<SideName, string>> {
    return Object.fromEntries(Object.entries(this.#mounted).map(([name, { path }]) => [name, path]));
  }

  fill(side: SideName): void {
    this.#mounted[side]?.fill();
  }

  free(side: SideName): void {
    this.#mounted[side]?.free();
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#unmount);
    this.#unmount();
  }
}

/** How often each point was met, by name. */
export function pointsMet(outcomes: readonly RoundOutcome[]): ReadonlyMap<string, number> {
  const names = new Set(allPoints.map(({ name }) => name));
  const met = new Map<string, number>();
  for (const { how } of killsOf(outcomes)) if (names.has(how)) met.set(how, (met.get(how) ?? 0) + 1);
  return met;
}

const killsOf = (outcomes: readonly RoundOutcome[]): readonly Kill[] => outcomes.flatMap(({ result }) => result.kills);

const violationsOf = (outcomes: readonly RoundOutcome[]): readonly Violation[] =>
  outcomes.flatMap(({ result }) => result.violations);

/** The figures of a run. */
export function summarize(outcomes: readonly RoundOutcome[]) {
  const kills = killsOf(outcomes);
  const met = pointsMet(outcomes);
  const sum = (key: 'sent' | 'handled' | 'repeated'): number =>
    outcomes.reduce((total, { result }) => total + result.tally[key], 0);
  const broken = (rule: Rule): number => violationsOf(outcomes).filter((one) => one.rule === rule).length;
  const episodes = outcomes.flatMap(({ plan, leftOut }) =>
    plan.kind === 'contact' || leftOut !== undefined ? [] : plan.episodes,
  );
  const count = (kind: Episode['kind']): number => episodes.filter((episode) => episode.kind === kind).length;
  return {
    kills: kills.length,
    sent: sum('sent'),
    handled: sum('handled'),
    lost: broken('lost'),
    duplicated: broken('duplicated'),
    outOfOrder: broken('outOfOrder'),
    untruthful: broken('untruthful'),
    brokenRounds: outcomes.filter((outcome) => outcome.broken !== undefined).length,
    repeated: sum('repeated'),
    points: allPoints.length,
    pointsMet: met.size,
    killsAtPoints: [...met.values()].reduce((total, one) => total + one, 0),
    pointsMetTogether: new Set(
      kills.flatMap(({ how }) => (how.startsWith(togetherWith) ? how.split(' ').slice(-1) : [])),
    ).size,
    powerCuts: kills.filter(({ powerCut }) => powerCut).length,
    pauses: count('pause'),
    wireTroubles: count('trouble'),
    fullDisks: count('full'),
    rounds: outcomes.length,
    killsPerPoint: Object.fromEntries(allPoints.map(({ name }) => [name, met.get(name) ?? 0])),
  };
}

export const isClean = ({ result, broken }: RoundOutcome): boolean =>
  broken === undefined && result.violations.length === 0;

function noteOf(outcome: RoundOutcome, rounds: number): string {
  const { plan, result, leftOut, broken } = outcome;
  const { kills, tally, violations } = result;
  const what = `round ${plan.number} of ${rounds} (${plan.kind}, ${plan.forms.alice} and ${plan.forms.bob})`;
  if (leftOut !== undefined) return `${what}: left out, ${leftOut}`;
  const verdict = broken ?? (violations.length === 0 ? 'all well' : `${violations.length} violations`);
  return `${what}: ${kills.length} kills, ${tally.handled} of ${tally.sent} handled, ${verdict}`;
}

const shownViolations = 8;

/** What went wrong in a round, how it came to that, and how to see it again. */
export function tellOutcome({ plan, result, broken, dir, story }: RoundOutcome, { kills, seed }: CrashOptions): string {
  const { violations, accounts } = result;
  const told = violations.slice(0, shownViolations).flatMap((violation) => {
    const [sender, receiver] =
      accounts === undefined
        ? []
        : violation.sender === 'bob'
          ? [accounts.bob, accounts.alice]
          : [accounts.alice, accounts.bob];
    return tellViolation(violation, sender && receiver && { sender, receiver });
  });
  const more = violations.length - shownViolations;
  return [
    `Round ${plan.number}, ${plan.forms.alice} and ${plan.forms.bob}:`,
    ...(broken === undefined ? [] : [broken]),
    ...told,
    ...(more > 0 ? [`and ${more} more`] : []),
    'What happened:',
    ...story.map((line) => `  ${line}`),
    `Folders: ${dir}`,
    `Again: npm run crash -- --kills ${kills} --seed ${seed} --round ${plan.number} --keep`,
  ].join('\n');
}
