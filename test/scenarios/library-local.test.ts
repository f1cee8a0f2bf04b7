import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, defaultLimits } from '#kernel';
import { type Agent, type AgentSettings, LocalHub } from '../../src/index.ts';
import { codeThrownBy } from '../support/code-thrown-by.ts';
import { LibraryWorld, messages, tookStep, when } from '../support/library-agents.ts';

let world = new LibraryWorld();
beforeEach(() => {
  world = new LibraryWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const make = (name: string, settings: AgentSettings): Agent => world.agent(name, settings);
const localHub = (): LocalHub => world.keep(new LocalHub());

describe('agents on a LocalHub', () => {
  test('1.10, 1.11: the shortest program sends an encrypted message, with one line for trust', async () => {
    const hub = localHub();
    const alice = make('alice', { hub });
    const bob = make('bob', { hub });
    await hub.introduce(alice, bob);
    const came = messages(bob);
    const sent = await alice.send('bob', { text: 'Hello, Bob!' });
    const [message] = await came;
    expect(message).toMatchObject({
      id: sent.id,
      sender: 'alice',
      recipient: 'bob',
      text: 'Hello, Bob!',
      type: 'message',
    });
    expect(message?.payload).toEqual({ text: 'Hello, Bob!', type: 'message' });
    expect(message?.timestamp).toBe(sent.createdAt);
  });

  test('1.11: whatever else is said beside the text is in the payload, as it was said', async () => {
    const hub = localHub();
    const [alice, bob] = [make('alice', { hub }), make('bob', { hub })];
    await hub.introduce();
    const came = messages(bob, 3);
    const extra = { task_id: 42, priority: 'high', data: { key: 'value' } } as const;
    await alice.send('bob', { text: 'Run this task', ...extra });
    await alice.send('bob', { type: 'task', n: 1 });
    const payload = { text: 'all of it', type: 'report', priority: 7, subject: ['any', null] };
    await alice.sendPayload('bob', payload);
    const [first, second, third] = await came;
    expect(first?.payload).toEqual({ text: 'Run this task', type: 'message', ...extra });
    expect(second).toMatchObject({ type: 'task', text: '', payload: { type: 'task', n: 1, text: '' } });
    expect(third?.payload).toEqual(payload);
  });

  test('a message says what may happen because of it, and nothing of that stands in its payload', async () => {
    const hub = localHub();
    const [alice, bob] = [make('alice', { hub }), make('bob', { hub })];
    await hub.introduce();
    const came = messages(bob);
    const { id } = await alice.send('bob', { text: 'cheap, please', turns: 2, hops: 1, tokens: 500, costUsd: 0.1 });
    const [message] = await came;
    expect(message?.payload).toEqual({ text: 'cheap, please', type: 'message' });
    const budget = { turns: 2, hops: 1, tokens: 500, costUsd: 0.1 };
    expect(await alice.track(id)).toMatchObject({ budget });
    for (const wrong of [{ turns: 1.5 }, { hops: -1 }, { tokens: 'many' }, { costUsd: Number.NaN }]) {
      await expect(alice.send('bob', { text: 'x', ...(wrong as object) })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });

  test('1.11: several handlers hear each message, in the order of their registration, until they are taken away', async () => {
    const hub = localHub();
    const [alice, bob] = [make('alice', { hub }), make('bob', { hub })];
    await hub.introduce();
    const heard: string[] = [];
    const removeFirst = bob.onMessage(({ text }) => void heard.push(`first ${text}`));
    bob.onMessage(async ({ text }) => void heard.push(`second ${text}`));
    const last = messages(bob, 2);
    const { id } = await alice.send('bob', 'one');
    expect((await bob.status()).handlers).toBe(3);
    await tookStep(alice, id, 'seen');
    removeFirst();
    removeFirst();
    await alice.send('bob', 'two');
    await last;
    expect(heard).toEqual(['first one', 'second one', 'second two']);
    expect((await bob.status()).handlers).toBe(2);
  });

  test('1.11: connect makes a peer when both programs say it', async () => {
    const hub = localHub();
    const [alice, bob] = [make('alice', { hub }), make('bob', { hub })];
    expect(await alice.connect('bob', { timeoutMs: 1 }).catch(codeOf)).toBe('TIMEOUT');
    expect(await alice.send('bob', 'too early').catch(codeOf)).toBe('NOT_TRUSTED');
    await Promise.all([bob.connect('alice', { fingerprint: alice.fingerprint }), alice.connect('bob')]);
    await alice.connect('bob');
    const came = messages(bob);
    await alice.send('bob', 'now');
    expect(await came).toHaveLength(1);
  });

  test('1.18: connectWithBundle pins the key of the card, whatever the hub says', async () => {
    const [hub, other] = [localHub(), localHub()];
    const [alice, bob] = [make('alice', { hub }), make('bob', { hub })];
    const impostor = make('bob', { hub: other });
    await Promise.all([alice.connectWithBundle(bob.publicBundle), bob.connectWithBundle(alice.publicBundle)]);
    expect((await alice.peers()).map(({ agentId }) => agentId)).toEqual([bob.agentId]);
    const forged = { ...impostor.publicBundle, agentId: bob.agentId };
    expect(await alice.connectWithBundle(forged).catch(codeOf)).toBe('CARD_ID_MISMATCH');
    await impostor.ready();
    expect(await alice.connect('bob', { fingerprint: impostor.fingerprint }).catch(codeOf)).toBe('SIGNATURE_INVALID');
  });

  test('1.12: the hub lists its agents, hands out their cards and counts what it carried', async () => {
    const hub = localHub();
    const [alice, bob] = [make('alice', { hub }), make('bob', { hub })];
    expect(await hub.listAgents()).toEqual(['alice', 'bob']);
    expect(await hub.getBundle('alice')).toEqual(alice.publicBundle);
    expect(await hub.getBundle('carol').catch(codeOf)).toBe('UNKNOWN_AGENT');
    const before = await hub.messageCount();
    await hub.introduce();
    const came = messages(bob);
    await alice.send('bob', 'counted');
    await came;
    expect(await hub.messageCount()).toBeGreaterThan(before);
  });

  test('1.19: listPeers names those that are there, and on demand those that are away; status says how an agent is', async () => {
    const hub = localHub();
    const alice = make('alice', { hub });
    const bob = make('bob', { hub });
    make('carol', { hub });
    expect(await alice.listPeers()).toEqual(['bob', 'carol']);
    await hub.introduce(alice, bob);
    const came = messages(bob);
    await alice.send('bob', 'hello');
    await came;
    expect(await alice.status()).toMatchObject({
      name: 'alice',
      agentId: alice.agentId,
      fingerprint: alice.fingerprint,
      activeSessions: ['bob'],
      knownPeers: ['bob'],
      handlers: 0,
      hubs: [{ name: 'local', state: 'up' }],
      warnings: [],
    });
    await bob.close();
    await when(alice, async () => !(await alice.listPeers()).includes('bob'));
    expect(await alice.listPeers({ offline: true })).toEqual(['bob', 'carol']);
  });

  test('1.16: with keypairPath the agent is the same after a restart, with its peers, and nobody else reads the file', async () => {
    const keypairPath = join(world.folder(), '.keys', 'alice.json');
    const hub = localHub();
    const bob = make('bob', { hub });
    const first = make('alice', { hub, keypairPath });
    const { fingerprint } = first;
    await hub.introduce();
    await first.close();
    expect(statSync(keypairPath).mode & 0o777).toBe(0o600);
    expect(readFileSync(keypairPath, 'utf8')).toContain('PRIVATE KEY');
    const came = messages(bob);
    const second = make('alice', { hub, keypairPath });
    expect(second.fingerprint).toBe(fingerprint);
    await second.send('bob', 'again');
    expect(await came).toHaveLength(1);
    expect(second.fingerprint).toMatch(/^([0-9a-f]{4} ){7}[0-9a-f]{4}$/);
  });

  test('a key file whose state is gone is a new life of the same agent: peers go on with it', async () => {
    const keypairPath = join(world.folder(), 'alice.key');
    const hub = localHub();
    const bob = make('bob', { hub });
    const first = make('alice', { hub, keypairPath });
    const { agentId } = first;
    await hub.introduce();
    await first.close();
    rmSync(`${keypairPath}.state`, { recursive: true });
    const second = make('alice', { hub, keypairPath });
    await Promise.all([second.connect('bob'), bob.connect('alice')]);
    expect(second.agentId).toBe(agentId);
    const came = messages(bob);
    await second.send('bob', 'I am back');
    expect((await came)[0]).toMatchObject({ sender: 'alice', text: 'I am back' });
  });

  test('a peer is heard as often as it speaks, without a bound for the day', async () => {
    const hub = localHub();
    const [alice, bob] = [make('alice', { hub }), make('bob', { hub })];
    await hub.introduce();
    const count = 3 * defaultLimits.boundedTurnsPerDay;
    const came = messages(bob, count);
    await Promise.all(Array.from({ length: count }, (_, n) => alice.send('bob', { n })));
    expect((await came).map(({ payload }) => payload['n'])).toEqual(Array.from({ length: count }, (_, n) => n));
  });

  test('agents with folders find each other again at a hub that has none', async () => {
    const dir = world.folder();
    const settings = (name: string, hub: LocalHub): AgentSettings => ({ hub, stateDir: join(dir, name) });
    const before = localHub();
    const pair = [make('alice', settings('alice', before)), make('bob', settings('bob', before))];
    await before.introduce();
    for (const one of pair) await one.close();
    await before.close();
    const hub = localHub();
    const alice = make('alice', settings('alice', hub));
    const bob = make('bob', settings('bob', hub));
    const came = messages(bob);
    await alice.send('bob', 'still here?');
    expect((await came)[0]?.text).toBe('still here?');
  });

  test('a passphrase protects the key file: the fingerprint is known without it, nothing else works', async () => {
    const keypairPath = join(world.folder(), 'alice.key');
    const hub = localHub();
    const first = make('alice', { hub, keypairPath, passphrase: 'correct horse' });
    await first.ready();
    await first.close();
    expect(readFileSync(keypairPath, 'utf8')).toContain('ENCRYPTED');
    const without = make('alice', { hub, keypairPath });
    expect(without.fingerprint).toBe(first.fingerprint);
    expect(await without.ready().catch(codeOf)).toBe('PASSPHRASE_REQUIRED');
    expect(codeThrownBy(() => without.operations)).toBe('WRONG_STATE');
    const wrong = make('alice', { hub, keypairPath, passphrase: 'battery staple' });
    expect(await wrong.ready().catch(codeOf)).toBe('PASSPHRASE_WRONG');
    const second = make('alice', { hub, keypairPath, passphrase: 'correct horse' });
    await second.ready();
    expect(second.agentId).toBe(first.agentId);
  });

  test('an agent without a folder leaves nothing behind', async () => {
    const leftOvers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('agent-mesh-passing-'));
    const agent = make('passing', { hub: localHub() });
    await agent.ready();
    expect(leftOvers()).toHaveLength(1);
    await agent.close();
    expect(leftOvers()).toEqual([]);
  });

  test('with folders everything is kept, the mail for whoever is away included', async () => {
    const dir = world.folder();
    const at = (name: string): string => join(dir, name);
    const hub = world.keep(new LocalHub({ stateDir: at('hub') }));
    const [alice, bob] = [make('alice', { hub, stateDir: at('alice') }), make('bob', { hub, stateDir: at('bob') })];
    await hub.introduce();
    await bob.close();
    const { id } = await alice.send('bob', 'for later');
    await tookStep(alice, id, 'stored');
    await alice.close();
    await hub.close();
    expect(existsSync(join(dir, 'hub', 'hub-key'))).toBe(true);
    const again = world.keep(new LocalHub({ stateDir: at('hub') }));
    const later = make('bob', { hub: again, stateDir: at('bob') });
    const [message] = await messages(later);
    expect(message).toMatchObject({ id, sender: 'alice', text: 'for later' });
  });
});
