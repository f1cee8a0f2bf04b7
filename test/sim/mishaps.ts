import { touches } from './life.ts';
import type { Computer } from './computer.ts';
import { honest, type Lies } from './lying-store.ts';
import { Machine } from './machine.ts';
import type { Death } from './computer-parts.ts';
import type { World } from './world.ts';

/** What goes wrong, each as often as its number says. */
export const mishaps = {
  cut: 5,
  cutAll: 2,
  halfOpen: 2,
  partition: 3,
  slowWay: 3,
  kill: 2,
  powerCut: 1,
  armKill: 5,
  armPowerCut: 4,
  restart: 1.5,
  diskFull: 2,
  diskSlow: 2,
  syncFailure: 1,
  clockJump: 2,
  backup: 1.5,
  restore: 0.6,
  badProgram: 4,
} as const;
export type Mishap = keyof typeof mishaps;

/** The same where there are hubs. */
export const hubMishaps = { away: 3, hubGone: 2, hubLies: 5 } as const;
export type HubMishap = keyof typeof hubMishaps;

/** How often a hub is hit by what may hit every computer. */
const hubShare = 0.35;

export function befall(world: World, mishap: Mishap | HubMishap): void {
  const { random, hubs, machines } = world;
  const isHub = hubs.length > 0 && random.chance(hubShare);
  const computer = random.pick<Computer>(isHub ? hubs : machines);
  if (computer !== undefined) happenings[mishap](world, computer);
}

const happenings: { readonly [M in Mishap | HubMishap]: (world: World, machine: Computer) => void } = {
  cut: (world, machine) => cutSome(world, machine, { all: false, halfOpen: false }),
  cutAll: (world, machine) => cutSome(world, machine, { all: true, halfOpen: false }),
  halfOpen: (world, machine) => cutSome(world, machine, { all: false, halfOpen: true }),

  partition(world, machine) {
    const { random, timeline, network, story } = world;
    const others = world.computers.filter((other) => other !== machine);
    const cutOff = random.chance(0.3) ? others : [random.pick(others)].filter((other) => other !== undefined);
    const ways = random.pick(['out', 'in', 'both'] as const);
    const ms = 1000 + random.span(20_000);
    const names = cutOff.map(({ name }) => name);
    const direction = { out: 'from', in: 'to', both: 'between' }[ways];
    story.tell(
      [machine.name, ...names],
      `the way ${direction} ${machine.name} (${names.join(', ')}) is blocked for ${seconds(ms)}`,
    );
    for (const { name } of cutOff) {
      if (ways !== 'in') network.block(machine.name, name);
      if (ways !== 'out') network.block(name, machine.name);
      timeline.schedule(ms, () => {
        network.unblock(machine.name, name);
        network.unblock(name, machine.name);
      });
    }
  },

  slowWay(world, machine) {
    const { random, network, story, timeline } = world;
    const other = random.pick(world.computers.filter((one) => one !== machine));
    if (other === undefined) return;
    const factor = random.between(20, 2000);
    story.tell(
      [machine.name, other.name],
      `messages from ${machine.name} to ${other.name} take ${factor} times as long`,
    );
    network.slowDown(machine.name, other.name, factor);
    timeline.schedule(random.span(30_000), () => network.slowDown(machine.name, other.name, 1));
  },

  kill: (_world, machine) => machine.die('killed'),

  powerCut(_world, machine) {
    machine.disk.watchPower();
    machine.die('power');
  },

  armKill: (world, machine) => arm(world, machine, 'killed'),
  armPowerCut: (world, machine) => arm(world, machine, 'power'),

  restart(world, machine) {
    if (!machine.isUp) return;
    world.story.tell([machine.name], `${machine.name} is stopped in good order`);
    machine.down(() => {
      world.story.tell([machine.name], `${machine.name} is down`);
      world.restartLater(machine);
    });
  },

  diskFull(world, machine) {
    const { random, timeline, story } = world;
    const ms = 500 + random.span(15_000);
    story.tell([machine.name], `the disk of ${machine.name} is full for ${seconds(ms)}`);
    machine.disk.fill();
    timeline.schedule(ms, () => machine.disk.free());
  },

  diskSlow(world, machine) {
    const { random, timeline, story } = world;
    const ms = 1000 + random.span(20_000);
    const commitMs = 20 + random.span(400);
    const syncMs = 20 + random.span(800);
    story.tell([machine.name], `the disk of ${machine.name} is slow for ${seconds(ms)}`);
    Object.assign(machine.mood, { commitMs, syncMs });
    timeline.schedule(ms, () => Object.assign(machine.mood, { commitMs: 0.3, syncMs: 1 }));
  },

  syncFailure(world, machine) {
    world.story.tell([machine.name], `the disk of ${machine.name} fails to write once`);
    machine.disk.watchPower();
    machine.mood.failingSyncs = 1;
  },

  clockJump(world, machine) {
    const { random, story } = world;
    const ms = random.between(-600, 600) * 1000;
    story.tell([machine.name], `the clock of ${machine.name} jumps by ${seconds(ms)}`);
    machine.skewMs = ms;
  },

  backup(world, machine) {
    if (!machine.isUp) return;
    world.story.tell([machine.name], `somebody copies the database of ${machine.name}`);
    world.backups.set(machine.name, machine.disk.copy());
  },

  restore(world, machine) {
    const image = world.backups.get(machine.name);
    if (image === undefined) return;
    world.holdDown(machine);
    machine.die('killed');
    world.timeline.schedule(100 + world.random.span(3000), () => world.restore(machine, image));
  },

  badProgram(world, machine) {
    if (!(machine instanceof Machine)) return;
    const { random, timeline, story } = world;
    const mood = world.moodOf(machine.name);
    const kind = random.pick(['fails', 'is slow', 'takes the node with it'] as const);
    story.tell([machine.name], `the program of ${machine.name} ${kind} for a while`);
    if (kind === 'fails') mood.failing = random.pick([0.3, 1]);
    if (kind === 'is slow') mood.thinksMs = 10 + random.span(1500);
    if (kind === 'takes the node with it') mood.fatal = random.pick([0.1, 0.5]);
    timeline.schedule(2000 + random.span(15_000), () => Object.assign(mood, { failing: 0, fatal: 0, thinksMs: 0 }));
  },

  away(world) {
    const machine = world.random.pick(world.machines);
    if (machine?.isUp === true) leaveFor(world, machine, 20_000 + world.random.span(180_000));
  },

  hubGone(world) {
    const { random } = world;
    const hub = random.pick(world.hubs);
    if (hub?.isUp === true) leaveFor(world, hub, 5000 + random.span(60_000));
  },

  hubLies(world) {
    const { random, story, timeline } = world;
    const hub = random.pick(world.hubs);
    if (hub === undefined) return;
    const kinds = (Object.keys(honest) as (keyof Lies)[]).filter(() => random.chance(0.4));
    const ms = 1000 + random.span(20_000);
    story.tell([hub.name], `${hub.name} means no good for ${seconds(ms)} (${kinds.join(', ')})`);
    for (const kind of kinds) hub.lies[kind] = random.pick([0.1, 0.5, 1]);
    timeline.schedule(ms, () => Object.assign(hub.lies, honest));
  },
};

/** It is switched off, and on again after a long time. */
function leaveFor(world: World, computer: Computer, ms: number): void {
  const { story, timeline } = world;
  story.tell([computer.name], `${computer.name} is switched off for ${seconds(ms)}`);
  world.holdDown(computer);
  const back = (): void => void timeline.schedule(ms, () => world.letGo(computer));
  // It may also end before it is down, or take longer.
  back();
  computer.down(() => {
    story.tell([computer.name], `${computer.name} is down`);
    back();
  });
}

function cutSome(world: World, { name }: Computer, how: { readonly all: boolean; readonly halfOpen: boolean }): void {
  const { network, random, story } = world;
  const cables = network.cables(name);
  // In the middle of a message, if there is one.
  const busy = cables.filter(({ underWay }) => underWay > 0);
  const one = random.pick(busy.length > 0 && random.chance(0.7) ? busy : cables);
  const chosen = how.all ? cables : [one].filter((cable) => cable !== undefined);
  for (const cable of chosen) {
    const { from, to, underWay } = cable;
    const notice = how.halfOpen ? ', and only one of them notices' : '';
    story.tell([from, to], `the connection from ${from} to ${to} breaks with ${underWay} messages under way${notice}`);
    network.cut(cable, how);
  }
}

/** Where a loss of power takes more with it than the end of a process. */
const afterWriting = ['committed', 'committed', 'synced', 'sent', 'received'] as const;

/** The process will end in the middle of something. */
function arm(world: World, machine: Computer, how: Death): void {
  const { random, story } = world;
  const likely = how === 'power' ? afterWriting : touches;
  const touch = random.chance(0.7) ? random.pick(likely) : undefined;
  const countdown = random.between(1, touch === undefined ? 60 : 8);
  if (how === 'power') {
    machine.disk.watchPower();
    // Between a commit and its way to the disk there is time for something to happen.
    if (random.chance(0.5)) machine.mood.syncMs = random.pick([5, 100]);
  }
  machine.armed = { how, touch, countdown };
  story.tell(
    [machine.name],
    `${machine.name} is going to ${how === 'power' ? 'lose its power' : 'be killed'} at ${touch ?? 'step'} ${countdown}`,
  );
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
