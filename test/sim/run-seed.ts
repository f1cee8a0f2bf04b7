import type { Base } from './base.ts';
import { friendsOf, homesOf, trusts } from './base.ts';
import type { Violation } from './judge.ts';
import { limitsOf } from './limits.ts';
import { honest } from './lying-store.ts';
import { befall, type HubMishap, hubMishaps, type Mishap, mishaps } from './mishaps.ts';
import { act, habits, type Habit, type HubHabit, hubHabits, look } from './people.ts';
import { SeededRandom } from './seeded-random.ts';
import { knownId, signalled, speak } from './speak.ts';
import type { Line } from './story.ts';
import type { Twist } from './machine.ts';
import { judgeAll, leftIn } from './verdict.ts';
import { World } from './world.ts';

export interface RunOptions {
  readonly base: Base;
  readonly seed: number;
  readonly steps: number;
  readonly twist?: Twist | undefined;
}

export interface RunResult {
  readonly seed: number;
  readonly violation: Violation | undefined;
  readonly story: readonly Line[];
  readonly messages: number;
  readonly handled: number;
  /** Processes that ended before their time. */
  readonly deaths: number;
  readonly steps: number;
  readonly minutes: number;
}

const restMs = 20 * 60_000;
/** After the base was made: a clock that jumps back does not come before its keys. */
const startMs = 3_600_000;

/** Every third seed has hubs. */
export const hubsIn = (seed: number): number => (seed % 3 === 2 ? 2 : 0);

/** One seed from beginning to end: trouble, healing, and the verdict. */
export async function runSeed(options: RunOptions): Promise<RunResult> {
  const { base, seed, twist } = options;
  const random = new SeededRandom(seed, 'plan');
  const hubPlan = base.hubs.length === 0 ? undefined : new SeededRandom(seed, 'hubs');
  const world = new World({ ...base, seed, limits: limitsOf(random, hubPlan), startMs, twist });
  const onUnhandled = (error: unknown): void =>
    world.judge.blame(
      'soundness',
      [],
      `A promise was rejected and nobody noticed, which ends a process: ${String(error)}`,
    );
  process.on('unhandledRejection', onUnhandled);
  try {
    if (hubPlan !== undefined) hideMembers(world, hubPlan);
    else if (random.chance(0.3)) hideSome(world, random);
    for (const machine of world.computers) {
      machine.skewMs = random.between(-2000, 2000);
      world.timeline.schedule(random.span(500), () => machine.up());
    }
    await trouble(world, { random, hubPlan, steps: options.steps });
    await heal(world);
    if (world.judge.violation === undefined) judgeAll(world);
  } finally {
    process.off('unhandledRejection', onUnhandled);
    world.close();
  }
  const { ledger, timeline, story, judge } = world;
  const turns = ledger.said.flatMap(({ id }) => (id === undefined ? [] : ledger.truthOf(id).turns));
  return {
    seed,
    violation: judge.violation,
    story: story.lines,
    messages: ledger.said.length,
    handled: turns.filter(({ outcome }) => outcome === 'returned').length,
    deaths: world.deaths,
    steps: timeline.steps,
    minutes: timeline.now / 60_000,
  };
}

/** Some nodes cannot be called, though their friends can. */
function hideSome({ machines, network }: World, random: SeededRandom): void {
  for (const [index, { name }] of machines.entries()) if (index % 2 === 0 && random.chance(0.4)) network.hide(name);
}

/** Many of those who have a mailbox are behind a NAT. */
function hideMembers({ machines, hubs, network }: World, random: SeededRandom): void {
  const often = random.pick([0.2, 0.6, 1]);
  const names = hubs.map(({ name }) => name);
  for (const [index, { name }] of machines.entries())
    if (homesOf(index, names).length > 0 && random.chance(often)) network.hide(name);
}

/** Each seed has troubles of its own: some kinds of them often, others never. */
function chosen<T extends string>(
  random: SeededRandom,
  weights: Readonly<Record<T, number>>,
  keep: number,
): Record<T, number> {
  const entries = (Object.entries(weights) as [T, number][]).map(([name, weight]) => [
    name,
    random.chance(keep) ? weight * (0.3 + random.span(1)) : 0,
  ]);
  return Object.fromEntries(entries) as Record<T, number>;
}

interface Plan {
  readonly random: SeededRandom;
  /** Where there are hubs. */
  readonly hubPlan: SeededRandom | undefined;
  readonly steps: number;
}

async function trouble(world: World, { random, hubPlan, steps }: Plan): Promise<void> {
  const { timeline, judge } = world;
  const deeds = {
    ...chosen<Habit>(random, habits, 0.7),
    talk: habits.talk,
    ...(hubPlan && chosen<HubHabit>(hubPlan, hubHabits, 0.7)),
  };
  const faults = {
    ...chosen<Mishap>(random, mishaps, 0.55),
    cut: 1,
    ...(hubPlan && chosen<HubMishap>(hubPlan, hubMishaps, 0.7)),
  };
  const share = random.pick([0.2, 0.4, 0.6]);
  // Many do more in the same time.
  const pace = random.pick([200, 800, 2500]) * Math.min(1, 8 / world.machines.length);
  let at = 1500;
  for (let n = 0; n < steps; n += 1) {
    at += random.span(pace);
    const isFault = random.chance(share);
    const deed = random.weighted<Habit | HubHabit>(deeds);
    const fault = random.weighted<Mishap | HubMishap>(faults);
    timeline.schedule(at, () => (isFault ? befall(world, fault) : act(world, deed)));
  }
  await timeline.runUntil(() => judge.violation !== undefined, timeline.now + at + 2000);
}

/** Nothing goes wrong any more, and everything that was begun comes to its end. */
async function heal(world: World): Promise<void> {
  const { timeline, network, story, judge } = world;
  story.tell([], 'from here on nothing goes wrong any more');
  const calm = (): void => {
    network.heal();
    for (const mood of world.moods.values()) Object.assign(mood, { failing: 0, fatal: 0, thinksMs: 0 });
    for (const hub of world.hubs) Object.assign(hub.lies, honest);
    for (const computer of world.computers) {
      computer.armed = undefined;
      computer.skewMs = 0;
      computer.disk.free();
      Object.assign(computer.mood, { commitMs: 0.3, syncMs: 1, failingSyncs: 0 });
      computer.up();
    }
  };
  calm();
  const endAt = timeline.now + restMs;
  const done = (): boolean => judge.violation !== undefined;
  await timeline.runUntil(done, timeline.now + 60_000);
  calm();
  await timeline.runUntil(() => done() || world.computers.every(({ isUp }) => isUp), timeline.now + 60_000);
  for (const { name, isUp } of world.computers)
    if (!isUp) judge.blame('liveness', [name], `${name} does not start any more`);
  for (const machine of world.machines) if (machine.isUp) look(world, machine);
  goBack(world);
  for (const [from, to] of peers(world)) {
    letTurns(world, from, to);
    speak(world, { from, to, filler: 'a last word' });
  }
  while (!done() && timeline.now < endAt) {
    await timeline.runUntil(done, timeline.now + 2000);
    if (world.calls.count === 0 && leftIn(world).length === 0) break;
  }
}

/** Whoever left a hub that could not be told, so that peers still come there, goes back to it. */
function goBack({ hubs, machines, calls }: World): void {
  for (const hub of hubs) {
    for (const { name, card } of hub.disk.query('SELECT name, card FROM agent WHERE state = 0')) {
      const machine = machines.find((one) => one.name === name && one.isUp);
      const text = card instanceof Uint8Array ? Buffer.from(card).toString() : '';
      const isUsed = machine?.host.hubs.memberships.some(({ membership }) => membership.name === hub.name);
      if (machine === undefined || isUsed === true || !text.includes(hub.address.base)) continue;
      const joining = { address: hub.address, name: hub.name };
      calls.make(machine, () => machine.host.hubs.join(joining), { onDone() {}, onFail() {}, onLost() {} });
    }
  }
}

/** Those who trust each other. */
function peers(world: World): readonly (readonly [string, string])[] {
  return world.machines
    .filter(({ isUp }) => isUp)
    .flatMap((one) =>
      friendsOf(world, one)
        .filter((other) => trusts(one, other) && trusts(other, one))
        .map((other) => [one.name, other.name] as const),
    );
}

/** Whatever was decided before: its messages may be handled now. */
function letTurns(world: World, from: string, to: string): void {
  const receiver = world.machine(to);
  const contact = knownId(receiver, world.machine(from));
  const tier = contact && receiver.host.contact(contact)?.tier;
  if (contact === undefined || tier === 'trusted' || tier === 'owner') return;
  world.calls.make(receiver, (api) => api.setTier({ contact, tier: 'trusted' }, signalled), {
    onDone: () => {},
    onFail: () => {},
    onLost: () => {},
  });
}
