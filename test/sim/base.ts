import { defaultLimits, systemClock } from '#kernel';
import { agentIdOf, createSecrets } from '#identity';
import { makeCard, saveAgent } from '../../src/node/agent-files.ts';
import { Life } from './life.ts';
import type { Machine } from './machine.ts';
import { SeededRandom } from './seeded-random.ts';
import { signalled, speak } from './speak.ts';
import type { MachineImage } from './machine-parts.ts';
import { World } from './world.ts';

const given = ['ada', 'bea', 'cem', 'dan', 'eva', 'fay', 'gus', 'hal'];

export const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => given[index] ?? `n${index + 1}`);

export type Pair = readonly [string, string];

/** Who knows whom from the beginning: a ring, and a few more. */
export function pairsOf(names: readonly string[]): readonly Pair[] {
  const at = (index: number): string => names[index % names.length] ?? '';
  const ring =
    names.length < 3 ? [[at(0), at(1)] as const] : names.map((name, index) => [name, at(index + 1)] as const);
  const chords = names.length < 6 ? [] : [[at(0), at(3)] as const, [at(1), at(4)] as const];
  return [...ring, ...chords];
}

/** Machines whose agents trust each other and have sessions: made once, because the keys for it cost more than a run. */
export interface Base {
  readonly names: readonly string[];
  readonly pairs: readonly Pair[];
  readonly images: readonly MachineImage[];
}

const baseSeed = 0;
/** The device keys of some of them are renewed when they start again. */
const agingMs = 20 * 24 * 3_600_000;

export async function makeBase(count: number): Promise<Base> {
  const names = namesOf(count);
  const pairs = pairsOf(names);
  const world = new World({ seed: baseSeed, names, limits: defaultLimits });
  for (const [index, machine] of world.machines.entries()) {
    await createAgent(world, machine, index % 2 === 0 ? agingMs : defaultLimits.deviceCertificateLifetimeMs);
    machine.up();
  }
  const { timeline } = world;
  const wait = (what: string, done: () => boolean): Promise<void> => waitFor(world, what, done);
  await wait('start', () => world.machines.every(({ isUp }) => isUp));
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
    let isDown = false;
    machine.down(() => {
      isDown = true;
    });
    await wait(`${machine.name} stops`, () => isDown);
    await timeline.runTo(timeline.now + 100);
    images.push(machine.image());
  }
  if (world.judge.violation !== undefined) throw new Error(`The base is broken: ${world.judge.violation.text}`);
  world.close();
  return { names, pairs, images };
}

/** Both become peers by an invite, each trusted by the other. */
export async function befriend(inviter: Machine, joiner: Machine): Promise<void> {
  const { invite } = await inviter.api.invite({ tier: 'trusted' }, signalled);
  await joiner.api.join({ invite, tier: 'trusted', petname: inviter.name, waitMs: 0 }, signalled);
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
