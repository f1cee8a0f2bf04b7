import { defaultLimits, systemClock } from '#kernel';
import { agentIdOf, createSecrets } from '#identity';
import { makeCard, saveAgent } from '../../src/node/agent-files.ts';
import type { Computer } from './computer.ts';
import { Life } from './life.ts';
import type { HubImage } from './hub-machine.ts';
import type { Machine, MachineImage } from './machine.ts';
import { SeededRandom } from './seeded-random.ts';
import { signalled, speak } from './speak.ts';
import { World } from './world.ts';

const given = ['ada', 'bea', 'cem', 'dan', 'eva', 'fay', 'gus', 'hal'];

export const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => given[index] ?? `n${index + 1}`);

export type Pair = readonly [string, string];

/** From so many on each agent knows four others. */
const crowd = 20;

/** Who knows whom from the beginning: a ring, and a few more. */
export function pairsOf(names: readonly string[]): readonly Pair[] {
  const at = (index: number): string => names[index % names.length] ?? '';
  const ring =
    names.length < 3 ? [[at(0), at(1)] as const] : names.map((name, index) => [name, at(index + 1)] as const);
  if (names.length < 6) return ring;
  if (names.length < crowd) return [...ring, [at(0), at(3)], [at(1), at(4)]];
  return [...ring, ...names.map((name, index) => [name, at(index + 7)] as const)];
}

const hubNames = ['north', 'south', 'east', 'west'];

export const hubsOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => hubNames[index] ?? `hub${index + 1}`);

/** The hubs that keep the mailboxes of an agent: mostly one of them, often two, now and then none. */
export function homesOf(index: number, hubs: readonly string[]): readonly string[] {
  const at = (n: number): readonly string[] => hubs.slice(n % hubs.length, (n % hubs.length) + 1);
  if (hubs.length === 0 || index % 8 === 5) return [];
  return index % 3 === 0 && hubs.length > 1 ? [...at(index), ...at(index + 1)] : at(index);
}

/** Machines whose agents trust each other and have sessions: made once, because the keys for it cost more than a run. */
export interface Base {
  readonly names: readonly string[];
  readonly pairs: readonly Pair[];
  readonly images: readonly MachineImage[];
  readonly hubs: readonly string[];
  readonly hubImages: readonly HubImage[];
}

const baseSeed = 0;
const limitsOfBase = { ...defaultLimits, keptKeyPackages: 3 };
/** The device keys of some of them are renewed when they start again. */
const agingMs = 20 * 24 * 3_600_000;

export async function makeBase(count: number, hubCount = 0): Promise<Base> {
  const names = namesOf(count);
  const pairs = pairsOf(names);
  const hubs = hubsOf(hubCount);
  const world = new World({ seed: baseSeed, names, hubs, limits: limitsOfBase });
  for (const [index, machine] of world.machines.entries()) {
    await createAgent(world, machine, index % 2 === 0 ? agingMs : defaultLimits.deviceCertificateLifetimeMs);
    machine.up();
  }
  const { timeline } = world;
  const wait = (what: string, done: () => boolean): Promise<void> => waitFor(world, what, done);
  await wait('start', () => world.machines.every((machine) => machine.isUp && hasAddress(machine)));
  await joinHubs(world, wait);
  for (const [inviter, joiner] of pairs) {
    const [near, far] = [world.machine(inviter), world.machine(joiner)];
    void befriend(near, far);
    await wait(`${joiner} joins ${inviter}`, () => trusts(near, far) && trusts(far, near));
  }
  for (const [one, other] of pairs) {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const)
      speak(world, { from, to, filler: 'hello' });
  }
  await timeline.runTo(timeline.now + 5000);
  const images: MachineImage[] = [];
  for (const machine of world.machines) {
    await stop(world, machine);
    images.push(machine.image());
  }
  for (const hub of world.hubs) await stop(world, hub);
  const hubImages = world.hubs.map((hub) => hub.image());
  if (world.judge.violation !== undefined) throw new Error(`The base is broken: ${world.judge.violation.text}`);
  world.close();
  return { names, pairs, images, hubs, hubImages };
}

async function stop(world: World, computer: Computer): Promise<void> {
  let isDown = false;
  computer.down(() => {
    isDown = true;
  });
  await waitFor(world, `${computer.name} stops`, () => isDown);
  await world.timeline.runTo(world.timeline.now + 100);
}

/** Its card says where it can be called. */
const hasAddress = ({ host }: Machine): boolean => host.agent.card().endpoints.length > 0;

/** Each agent has its mailboxes: those who come to know it know where they are. */
async function joinHubs(world: World, wait: (what: string, done: () => boolean) => Promise<void>): Promise<void> {
  const { hubs, machines } = world;
  if (hubs.length === 0) return;
  for (const hub of hubs) hub.up();
  await wait('hubs start', () => hubs.every(({ isUp }) => isUp));
  for (const [index, machine] of machines.entries()) {
    for (const name of homesOf(
      index,
      world.hubs.map((hub) => hub.name),
    )) {
      const hub = hubs.find((one) => one.name === name);
      if (hub === undefined) continue;
      const count = machine.host.hubs.memberships.length;
      void machine.host.hubs.join({ address: hub.address, name });
      await wait(`${machine.name} joins ${name}`, () => machine.host.hubs.memberships.length > count);
    }
  }
}

/** Both become peers by an invite, each trusted by the other. */
export async function befriend(inviter: Machine, joiner: Machine): Promise<void> {
  const { invite } = await inviter.api.invite({ tier: 'trusted' }, signalled);
  await joiner.api.join({ invite, tier: 'trusted', petname: inviter.name, waitMs: 0 }, signalled);
}

/** Machines whose agents that of the machine trusts, in their order. */
export function friendsOf(world: World, machine: Machine): readonly Machine[] {
  const { contacts } = machine.composed.parts.store.read;
  const trusted = contacts.list({ agent: machine.name, states: ['trusted'] });
  const names = new Set(trusted.map(({ agentId }) => world.ownerOf(agentId)));
  names.delete(machine.name);
  return names.size === 0 ? [] : world.machines.filter(({ name }) => names.has(name));
}

/** True when the one has the other as a trusted contact, and nothing of the exchange is under way. */
export function trusts(one: Machine, other: Machine): boolean {
  if (!one.isUp) return false;
  const contact = other.agentIds.map((agentId) => one.host.contact(agentId)).find((found) => found !== undefined);
  return contact?.state === 'trusted' && contact.pending === undefined;
}

async function createAgent(world: World, machine: Machine, deviceCertificateLifetimeMs: number): Promise<void> {
  const random = new SeededRandom(baseSeed, `keys ${machine.name}`);
  const life = new Life(() => {});
  const limits = { ...world.limits, deviceCertificateLifetimeMs };
  const now = Date.UTC(2026, 0, 1);
  const secrets = createSecrets({ random, now, limits });
  const disk = machine.files.of(life, { wait: () => Promise.resolve(), isFull: () => false });
  const ports = { clock: { ...systemClock, now: () => now }, random, limits, disk };
  const { name } = machine;
  const card = makeCard(secrets, { name, endpoints: [], capabilities: [], seq: 1 }, ports);
  await saveAgent({ name, dir: `/${name}`, secrets, card, isDefault: true }, ports);
  world.own(machine, agentIdOf(secrets.root.publicKey));
}

export async function waitFor(world: World, what: string, done: () => boolean): Promise<void> {
  const { timeline } = world;
  if (await timeline.runUntil(done, timeline.now + 600_000)) return;
  throw new Error(`It never happened: ${what}`);
}
