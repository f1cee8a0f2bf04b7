import type { MessageType, Priority } from '#protocol';
import { befriend, friendsOf, trusts } from './base.ts';
import type { Machine } from './machine.ts';
import type { SeededRandom } from './seeded-random.ts';
import { knownId, type Manner, signalled, speak, whatBecameOf } from './speak.ts';
import type { World } from './world.ts';

/** What people and agents do, each as often as its number says. */
export const habits = {
  talk: 40,
  ask: 5,
  repeat: 4,
  look: 8,
  read: 3,
  reply: 2,
  setTier: 2,
  permit: 1,
  remove: 1,
  block: 0.7,
  forgive: 1,
  meetAgain: 2,
  request: 1.5,
  decide: 3,
  rotate: 1,
} as const;
export type Habit = keyof typeof habits;

/** The same where there are hubs. */
export const hubHabits = { join: 1.5, leave: 1 } as const;
export type HubHabit = keyof typeof hubHabits;

export function act(world: World, habit: Habit | HubHabit): void {
  const up = world.machines.filter(({ isUp }) => isUp);
  const machine = world.random.pick(up);
  if (machine === undefined) return;
  actions[habit](world, machine);
}

const actions: { readonly [H in Habit | HubHabit]: (world: World, machine: Machine) => void } = {
  talk(world, machine) {
    const { random } = world;
    const friend = aFriendOf(world, machine);
    if (friend === undefined) return;
    const messages = random.chance(0.3) ? random.between(3, 12) : random.between(1, 3);
    const between = random.chance(0.5) ? 0 : random.span(40);
    for (let n = 0; n < messages; n += 1) {
      const manner = mannerOf(random, machine.name, friend.name);
      world.timeline.schedule(n * between, () => speak(world, manner));
    }
  },

  ask(world, machine) {
    const { random } = world;
    const friend = aFriendOf(world, machine);
    if (friend !== undefined) ask(world, machine, friend, random.between(500, 20_000));
  },

  repeat(world, machine) {
    const mine = world.ledger.said.filter(({ from, key }) => from === machine.name && key !== undefined);
    const said = world.random.pick(mine);
    if (said === undefined) return;
    const { from, to, priority, type, key } = said;
    speak(world, { from, to, priority, type, key, filler: `again, as #${said.n}` });
  },

  look: (world, machine) => look(world, machine),

  read(world, machine) {
    const row = world.random.pick(machine.composed.parts.store.read.inbox.list({ agent: machine.name, limit: 20 }));
    if (row === undefined) return;
    world.story.tell([machine.name], `somebody at ${machine.name} reads #${world.ledger.byId(row.id)?.n ?? '?'}`);
    world.calls.make(machine, (api) => api.read({ id: row.id }, signalled), nothing);
  },

  reply(world, machine) {
    const { random, ledger, story, calls, timeline } = world;
    const rows = machine.composed.parts.store.read.inbox.list({ agent: machine.name, limit: 20 });
    const row = random.pick(rows.filter(({ type, state }) => type === 'request' && state !== 'handled'));
    const asked = row && ledger.byId(row.id);
    if (asked === undefined || row === undefined) return;
    const saying = {
      type: 'response',
      priority: row.priority,
      key: undefined,
      isAnswer: true,
      askedAt: timeline.now,
    } as const;
    const said = ledger.say({ from: machine.name, to: asked.from, ...saying }, `reply to #${asked.n}`);
    story.tell(
      [machine.name, `#${asked.n}`, `#${said.n}`],
      `somebody at ${machine.name} answers #${asked.n} with #${said.n}`,
    );
    calls.make(machine, (api) => api.reply({ id: row.id, text: said.body }, signalled), whatBecameOf(world, said));
  },

  setTier(world, machine) {
    const friend = aFriendOf(world, machine);
    const contact = friend && knownId(machine, friend);
    if (friend === undefined || contact === undefined) return;
    const tier = world.random.pick(['notify', 'bounded', 'trusted', 'owner'] as const);
    world.story.tell([machine.name, friend.name], `${machine.name} gives ${friend.name} the tier ${tier}`);
    world.calls.make(machine, (api) => api.setTier({ contact, tier }, signalled), nothing);
  },

  permit(world, machine) {
    const friend = aFriendOf(world, machine);
    const contact = friend && knownId(machine, friend);
    if (friend === undefined || contact === undefined) return;
    const messageTypes: readonly MessageType[] = world.random.pick(permitted);
    world.story.tell(
      [machine.name, friend.name],
      `${machine.name} takes only ${messageTypes.join(', ')} of ${friend.name}`,
    );
    const input = { contact, tier: 'trusted', messageTypes: [...messageTypes] } as const;
    world.calls.make(machine, (api) => api.setTier(input, signalled), nothing);
  },

  forgive(world, machine) {
    const { contacts } = machine.composed.parts.store.read;
    const blocked = world.random.pick(contacts.list({ agent: machine.name, states: ['blocked'] }));
    const other = blocked && world.ownerOf(blocked.agentId);
    if (blocked === undefined || other === undefined) return;
    world.story.tell([machine.name, other], `${machine.name} forgives ${other}`);
    world.changed(machine.name, other);
    const input = { contact: blocked.agentId, tier: 'trusted' } as const;
    world.calls.make(machine, (api) => api.setTier(input, signalled), nothing);
  },

  request(world, machine) {
    const { random, story } = world;
    const stranger = random.pick(
      world.machines.filter((other) => other !== machine && other.isUp && knownId(machine, other) === undefined),
    );
    if (stranger === undefined) return;
    story.tell([machine.name, stranger.name], `${machine.name} asks ${stranger.name} for contact`);
    world.changed(machine.name, stranger.name);
    const target = JSON.parse(JSON.stringify(stranger.host.agent.card())) as Record<string, unknown>;
    world.calls.make(machine, (api) => api.request({ target }, signalled), nothing);
  },

  decide(world, machine) {
    const { contacts } = machine.composed.parts.store.read;
    const asking = world.random.pick(contacts.list({ agent: machine.name, states: ['requested-in'] }));
    const other = asking && world.ownerOf(asking.agentId);
    if (asking === undefined || other === undefined) return;
    const isWelcome = world.random.chance(0.8);
    world.story.tell([machine.name, other], `${machine.name} ${isWelcome ? 'approves' : 'rejects'} ${other}`);
    world.changed(machine.name, other);
    const id = asking.agentId;
    if (isWelcome) world.calls.make(machine, (api) => api.approve({ id, tier: 'trusted' }, signalled), nothing);
    else world.calls.make(machine, (api) => api.reject({ id }, signalled), nothing);
  },

  remove(world, machine) {
    part(world, machine, 'removes', (contact) => machine.api.remove({ contact }, signalled));
  },

  block(world, machine) {
    part(world, machine, 'blocks', (contact) => machine.api.block({ contact }, signalled));
  },

  meetAgain(world, machine) {
    const stranger = world.random.pick(
      world.machines.filter(
        (other) => other !== machine && other.isUp && !(trusts(machine, other) && trusts(other, machine)),
      ),
    );
    if (stranger !== undefined) meet(world, machine, stranger);
  },

  join(world, machine) {
    const used = new Set(machine.host.hubs.memberships.map(({ membership }) => membership.name));
    const hub = world.random.pick(world.hubs.filter(({ name }) => !used.has(name)));
    if (hub === undefined) return;
    world.story.tell([machine.name, hub.name], `${machine.name} joins ${hub.name}`);
    const joining = { address: hub.address, name: hub.name };
    world.calls.make(machine, () => machine.host.hubs.join(joining), nothing);
  },

  /** Of two hubs: whoever cannot be called needs one. */
  leave(world, machine) {
    const { memberships } = machine.host.hubs;
    const others = memberships.filter(({ status }) => status.state === 'up');
    const left = memberships.length > 1 ? world.random.pick(others) : undefined;
    if (left === undefined) return;
    const { address, name } = left.membership;
    world.story.tell([machine.name, name], `${machine.name} leaves ${name}`);
    world.calls.make(machine, () => machine.host.hubs.leave(address.hub), nothing);
  },

  rotate(world, machine) {
    world.story.tell([machine.name], `${machine.name} rotates its root key`);
    world.renewed(machine);
    world.calls.make(machine, (api) => api.rotateKey({}, signalled), nothing);
  },
};

const nothing = { onDone: () => {}, onFail: () => {}, onLost: () => {} };

/** Somebody whom the machine's agent trusts. */
function aFriendOf(world: World, machine: Machine): Machine | undefined {
  return world.random.pick(friendsOf(world, machine));
}

/** What one may take of another. */
const permitted: readonly [readonly MessageType[], ...(readonly MessageType[])[]] = [
  ['notification', 'request'],
  ['alert', 'ack', 'notification'],
  ['request'],
];
const types: readonly [MessageType, ...MessageType[]] = ['notification', 'notification', 'request', 'alert', 'ack'];
const priorities: readonly [Priority, ...Priority[]] = ['normal', 'normal', 'normal', 'high', 'low'];

function mannerOf(random: SeededRandom, from: string, to: string): Manner {
  const length = random.chance(0.1) ? random.between(1000, random.pick([3000, 20_000])) : random.between(5, 200);
  return {
    from,
    to,
    filler: 'x'.repeat(length),
    type: random.pick(types),
    priority: random.pick(priorities),
    ttlSeconds: random.chance(0.15) ? random.between(2, 120) : undefined,
    key: random.chance(0.15) ? `key-${random.below(1_000_000)}` : undefined,
  };
}

/** What the node shows of its messages, before the judge. */
export function look(world: World, machine: Machine): void {
  const query = { limit: 1000 };
  world.calls.make(machine, (api) => api.outbox(query, signalled), {
    ...nothing,
    onDone: ({ messages }) => {
      for (const { id, state, reason } of messages)
        world.judge.claim(machine, { id: id as `msg_${string}`, state, reason, way: 'answer' });
    },
  });
}

function ask(world: World, machine: Machine, friend: Machine, timeoutMs: number): void {
  const { ledger, story, timeline, calls } = world;
  const to = knownId(machine, friend);
  if (to === undefined) return;
  const said = ledger.say(
    {
      from: machine.name,
      to: friend.name,
      type: 'request',
      priority: 'normal',
      key: undefined,
      isAnswer: false,
      askedAt: timeline.now,
    },
    'a question',
  );
  const about = [`#${said.n}`, machine.name, friend.name];
  story.tell(about, `${machine.name} asks ${friend.name} #${said.n} and waits ${timeoutMs} ms for the answer`);
  const end = (outcome: string): void => {
    // Whether it was accepted is another matter, which the caller does not learn.
    said.outcome = 'unknown';
    story.tell(about, `${machine.name}'s question #${said.n} ends: ${outcome}`);
  };
  calls.make(machine, (api) => api.ask({ to, text: said.body, timeoutMs }, signalled), {
    onDone: ({ answer }) => end(`answered by #${ledger.byId(answer.id as `msg_${string}`)?.n ?? '?'}`),
    onFail: (code) => end(code),
    onLost: () => end('its caller hears nothing'),
  });
}

function part(world: World, machine: Machine, verb: string, call: (contact: string) => Promise<unknown>): void {
  const friend = aFriendOf(world, machine);
  const contact = friend && knownId(machine, friend);
  if (friend === undefined || contact === undefined) return;
  world.story.tell([machine.name, friend.name], `${machine.name} ${verb} ${friend.name}`);
  world.changed(machine.name, friend.name);
  world.calls.make(machine, () => call(contact), {
    ...nothing,
    onDone: () => world.changed(machine.name, friend.name),
  });
}

/** One makes an invite, the other uses it. */
export function meet(world: World, inviter: Machine, joiner: Machine): void {
  world.story.tell([inviter.name, joiner.name], `${inviter.name} invites ${joiner.name}`);
  world.changed(inviter.name, joiner.name);
  befriend(inviter, joiner).then(
    () => world.changed(inviter.name, joiner.name),
    (error: unknown) => world.story.tell([inviter.name, joiner.name], `nothing comes of the invite: ${String(error)}`),
  );
}
