import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MeshHome } from '../support/mesh-process.ts';
import { hasOpenclaw } from './gateway.ts';
import { eventually, Owner, pack } from './owner.ts';
import { bodyOf, echo, type Think, type ToolCall } from './stub-model.ts';

/** What the model calls when a text with that mark comes, and says once that is done. */
const calling =
  (mark: string, call: (text: string) => ToolCall): Think =>
  async (text, { role }) => {
    if (role === 'tool') return `heard: ${text}`;
    return text.includes(mark) ? call(text) : `echo: ${bodyOf(text)}`;
  };

describe.runIf(hasOpenclaw)('three gateways whose nodes meet at a hub alone', () => {
  let home: MeshHome;
  let alice: Owner;
  let bob: Owner;
  let carol: Owner;
  let all: readonly Owner[];

  const mesh = (owner: Owner, ...words: readonly string[]) =>
    home.json([...words, '--state-dir', join(home.dir, owner.name)]);
  /** An agent was told that nothing more may follow. */
  const isOver = async (): Promise<boolean> =>
    all.some(({ model }) => model.told.some((text) => text.includes('BUDGET_EXHAUSTED')));
  const turns = (mark: string): number => all.reduce((sum, { model }) => sum + model.times(mark), 0);
  /** Nobody has anything to say or to handle any more. */
  const isQuiet = async (): Promise<boolean> => {
    const looks = all.map(async ({ node }) => {
      const { queue } = await node.call('status', {});
      const { messages } = await node.call('inbox', { limit: 200 });
      return (
        queue.waiting + queue.inFlight === 0 && messages.every(({ state }) => state !== 'new' && state !== 'leased')
      );
    });
    return (await Promise.all(looks)).every(Boolean);
  };

  beforeAll(async () => {
    home = new MeshHome('mesh-three');
    const archive = pack(home.dir);
    const running = home.start(['hub', '--port', '0', '--json', '--state-dir', join(home.dir, 'hub')]);
    const { url: hub } = JSON.parse(await running.output(/^\}/m)) as { readonly url: string };
    const trusted = ['mesh_ask', 'mesh_send', 'mesh_broadcast'];
    const place = { home, archive, hub, settings: { peerTools: { trusted } } };
    [alice, bob] = await Promise.all([Owner.start('alice', place), Owner.start('bob', place)]);
    carol = await Owner.start('carol', place);
    all = [alice, bob, carol];
    for (const [one, other] of [
      [alice, bob],
      [bob, carol],
      [carol, alice],
    ] as const) {
      const { invite } = await one.node.call('invite', { tier: 'trusted' });
      await other.node.call('join', { invite, tier: 'trusted' });
      await one.ask(other.name, 'warm up');
    }
  }, 400_000);
  beforeEach(() => {
    for (const { model } of all) {
      model.think = echo;
      model.told.length = 0;
    }
  });
  afterAll(async () => {
    await Promise.all(all.map((owner) => owner.end()));
    await home[Symbol.asyncDispose]();
  });

  it('let an agent ask all the others at once, over the hub', async () => {
    alice.model.think = calling('ask all', () => ({
      tool: 'mesh_broadcast',
      args: { text: 'who?', wait_seconds: 100 },
    }));
    await alice.say('ask all');
    const told = JSON.parse(alice.model.told.at(-1) ?? '') as {
      readonly results: readonly { readonly request: string }[];
    };
    expect(told).toMatchObject({ ok: true, peers: 2, failed: 0 });
    for (const { request } of told.results) {
      const { route, state } = await alice.node.call('track', { id: request });
      expect([route, state]).toEqual([expect.stringContaining('hub'), 'answered']);
    }
  });

  it('let a question go from one to the next and its answer all the way back', async () => {
    carol.model.think = async (text) => `carol knows: ${bodyOf(text)}`;
    bob.model.think = calling('chain', () => ({ tool: 'mesh_ask', args: { to: 'carol', text: 'chain, last' } }));
    alice.model.think = calling('chain', () => ({ tool: 'mesh_ask', args: { to: 'bob', text: 'chain, first' } }));
    expect(await alice.say('begin the chain')).toContain('carol knows: chain, last');
    expect([bob.model.times('chain, first'), carol.model.times('chain, last')]).toEqual([1, 1]);
  });

  it('answer others while one of them floods, who gets the turns of its tier, and the rest when the owner allows it', async () => {
    const { messages: before } = await bob.node.call('inbox', { peer: 'alice', limit: 200 });
    await mesh(bob, 'tier', 'alice', 'bounded');
    const flood = Array.from({ length: 40 }, (_, n) => `flood ${n}.`);
    await Promise.all(flood.map((text) => alice.node.call('send', { to: 'bob', text, root: true })));
    expect(await carol.ask('bob', 'can you hear me?')).toBe('echo: can you hear me?');
    await eventually(async () => turns('flood') === 20 - before.length);
    expect(await carol.ask('bob', 'still?')).toBe('echo: still?');
    expect(turns('flood')).toBe(20 - before.length);
    await mesh(bob, 'tier', 'alice', 'trusted');
    await eventually(async () => turns('flood') === flood.length);
    expect(flood.map((text) => bob.model.times(text))).toEqual(flood.map(() => 1));
  });

  it('end a loop of three by itself, with a state that says why, and go on talking', async () => {
    for (const [owner, next] of [
      [alice, bob],
      [bob, carol],
      [carol, alice],
    ] as const) {
      owner.model.think = calling('spin', () => ({ tool: 'mesh_send', args: { to: next.name, text: 'spin' } }));
    }
    await alice.node.call('send', { to: 'bob', text: 'spin', hops: 3, turns: 256, root: true });
    await eventually(isOver);
    await eventually(isQuiet);
    expect(turns('spin')).toBe(3);
    for (const { model } of all) model.think = echo;
    expect(await alice.ask('bob', 'still there?')).toBe('echo: still there?');
  });

  it('end what branches at every step, with no more turns than the first message allowed', async () => {
    for (const owner of all) {
      owner.model.think = calling('fan out', () => ({ tool: 'mesh_broadcast', args: { text: 'fan out' } }));
    }
    await alice.node.call('send', { to: 'bob', text: 'fan out', turns: 40, root: true });
    await eventually(isOver);
    await eventually(isQuiet);
    expect(turns('fan out')).toBeGreaterThan(2);
    expect(turns('fan out')).toBeLessThanOrEqual(40);
  });
});
