import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createIds, defaultLimits, systemClock, systemRandom } from '#kernel';
import { decodeFrame, encodeFrame } from '#protocol';
import { Agent, type AgentHub, HubServer, LocalHub, type MeshError, NetworkHub } from '../../src/index.ts';
import { codeThrownBy } from '../support/code-thrown-by.ts';
import { failure } from '../support/failure.ts';
import { LibraryWorld, messages, when } from '../support/library-agents.ts';
import { TestHub } from '../support/test-hub.ts';

let world = new LibraryWorld();
beforeEach(() => {
  world = new LibraryWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

type Page = Awaited<ReturnType<TestHub['hub']['parts']['store']['mailboxes']['read']>>;

/** A hub whose members get what it likes out of their mailboxes. */
class LyingHub implements AgentHub {
  readonly #hub: TestHub;

  constructor(hub: TestHub, lie: (page: Page) => Page) {
    this.#hub = hub;
    const { mailboxes } = hub.hub.parts.store;
    const read = mailboxes.read.bind(mailboxes);
    mailboxes.read = async (owner, place) => lie(await read(owner, place));
  }

  async locate() {
    return { address: this.#hub.address, name: this.#hub.name };
  }

  async connect() {
    return this.#hub.connect('anybody');
  }

  howToTrust = () => '';
}

const frameIn = (bytes: Uint8Array) => decodeFrame(bytes, defaultLimits);

async function pairAt(hub: AgentHub): Promise<[Agent, Agent]> {
  const [alice, bob] = [world.agent('alice', { hub }), world.agent('bob', { hub })];
  await Promise.all([alice.connect('bob'), bob.connect('alice')]);
  return [alice, bob];
}

function errorsOf(agent: Agent): MeshError[] {
  const errors: MeshError[] = [];
  agent.onError((error) => errors.push(error));
  return errors;
}

describe('1.21: clear errors', () => {
  test('Peer not found on hub', async () => {
    const alice = world.agent('alice', { hub: world.keep(new LocalHub()) });
    const said = [alice.send('zoe', 'hi'), alice.ask('zoe', 'hi'), alice.connect('zoe'), alice.sendPayload('zoe', {})];
    for (const error of await Promise.all(said.map(failure))) {
      expect(error).toMatchObject({ code: 'UNKNOWN_AGENT', message: "Peer 'zoe' not found on hub local" });
      expect(error.hint).toContain('listPeers()');
    }
  });

  test('No hub configured', async () => {
    const alice = world.agent('alice');
    for (const said of [alice.send('bob', 'hi'), alice.listPeers(), alice.connect('bob')]) {
      const error = await failure(said);
      expect(error.code).toBe('NO_HUB');
      expect(error.message).toMatch(/^No hub configured/);
      expect(error.hint).toContain('new LocalHub()');
    }
  });

  test('Replay attack detected: what a hub hands out twice is told, and handled once', async () => {
    const ids = createIds(systemClock, systemRandom);
    let repeats = 0;
    const lie = (page: Page): Page => {
      const items = page.items.flatMap((item) => {
        const frame = frameIn(item.frame);
        if (frame.kind !== 'app') return [item];
        repeats += 1;
        return [item, item, { ...item, frame: encodeFrame({ ...frame, id: ids.next('frm') }) }];
      });
      return { ...page, items };
    };
    const [alice, bob] = await pairAt(new LyingHub(world.keep(await TestHub.open()), lie));
    const errors = errorsOf(bob);
    const came = messages(bob, 2);
    await alice.send('bob', 'once');
    await when(bob, async () => errors.length > 0);
    await alice.send('bob', 'and on');
    expect((await came).map(({ text }) => text)).toEqual(['once', 'and on']);
    expect(repeats).toBeGreaterThan(0);
    expect(errors[0]).toMatchObject({ code: 'SESSION_REPLAY', data: { peer: 'alice' } });
    expect(errors[0]?.message).toMatch(/^Replay attack detected/);
  });

  test('Authentication tag mismatch: what a hub changed is told, and comes once more unchanged', async () => {
    let isHonest = false;
    const lie = (page: Page): Page => {
      const items = page.items.map((item) => {
        const frame = frameIn(item.frame);
        if (frame.kind !== 'app' || isHonest) return item;
        isHonest = true;
        const bytes = frame.bytes.with(-1, (frame.bytes.at(-1) ?? 0) ^ 1);
        return { ...item, frame: encodeFrame({ ...frame, bytes }) };
      });
      return { ...page, items };
    };
    const [alice, bob] = await pairAt(new LyingHub(world.keep(await TestHub.open()), lie));
    const errors = errorsOf(bob);
    const came = messages(bob);
    await alice.send('bob', 'unchanged');
    expect((await came)[0]?.text).toBe('unchanged');
    expect(errors[0]).toMatchObject({ code: 'SESSION_BROKEN', data: { peer: 'alice' } });
    expect(errors[0]?.message).toMatch(/^Authentication tag mismatch/);
  });

  test('a message that nobody took is never lost without a word', async () => {
    const hub = world.keep(new LocalHub());
    const [alice, bob] = [world.agent('alice', { hub }), world.agent('bob', { hub })];
    await hub.introduce();
    await bob.operations.block({ contact: 'alice' }, { signal: new AbortController().signal });
    const errors = errorsOf(alice);
    const { id } = await alice.send('bob', 'do you hear me?');
    await when(alice, async () => errors.length > 0);
    expect(errors[0]).toMatchObject({ data: { peer: 'bob', ids: [id] } });
  });

  test('a hub that is not there, or is something else', async () => {
    const server = await world.keep(new HubServer({ host: '127.0.0.1', port: 0 })).start();
    const { port } = server;
    await server.close();
    const gone = world.agent('alice', { hub: new NetworkHub({ host: '127.0.0.1', port }) });
    expect(await failure(gone.send('bob', 'hi'))).toMatchObject({ code: 'UNREACHABLE' });
    expect(await failure(gone.ready())).toMatchObject({ code: 'UNREACHABLE' });
    const node = world.keep(await Agent.open({ name: 'node', stateDir: join(world.folder(), 'node') }));
    const wrong = world.agent('bob', { hub: new NetworkHub({ url: node.endpoints[0] ?? '' }) });
    const error = await failure(wrong.ready());
    expect(error.code).toBe('NOT_FOUND');
    expect(error.message).toContain('a node, not a hub');
  });
});

describe('wrong use gives a MeshError with a code and a hint', () => {
  const attempts: readonly [string, string, () => unknown][] = [
    ['a name with capitals', 'INVALID_ARGUMENT', () => new Agent('Alice')],
    ['an empty name', 'INVALID_ARGUMENT', () => new Agent('')],
    ['no host of a hub', 'INVALID_ARGUMENT', () => new NetworkHub({})],
    ['a host that is none', 'INVALID_ARGUMENT', () => new NetworkHub({ host: 'a b' })],
    ['a port that is none', 'INVALID_ARGUMENT', () => new NetworkHub({ host: 'localhost', port: 70_000 })],
    ['an invite that is none', 'INVITE_INVALID', () => new NetworkHub({ invite: 'mesh:nonsense' })],
    ['a port of a server that is none', 'INVALID_ARGUMENT', () => new HubServer({ port: -1 })],
    ['a URL of a server that is none', 'INVALID_ARGUMENT', () => new HubServer({ url: 'hub.example' })],
    ['an id on the allowlist that is none', 'INVALID_ARGUMENT', () => new HubServer({ allowlist: ['alice'] })],
    ['a name of a hub that is none', 'INVALID_ARGUMENT', () => new LocalHub({ name: 'My Hub' })],
    ['the port of a server that does not run', 'HUB_NOT_RUNNING', () => new HubServer({ port: 0 }).port],
  ];
  test.each(attempts)('%s', (_, code, attempt) => {
    expect(codeThrownBy(attempt)).toBe(code);
  });

  test('of the methods of an agent', async () => {
    const hub = world.keep(new LocalHub());
    const [alice] = [world.agent('alice', { hub }), world.agent('bob', { hub })];
    await hub.introduce();
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const wrong: readonly Promise<unknown>[] = [
      alice.send('bob', { text: 'x', when: new Date(0) }),
      alice.send('bob', { text: 'x', cyclic }),
      alice.send('bob', { text: 'x', big: 1n }),
      alice.send('', 'x'),
      alice.connect(''),
      alice.connectWithBundle({ ...alice.publicBundle }),
      alice.sendPayload('bob', { text: 7 }),
      alice.sendPayload('bob', { type: 7 }),
    ];
    const errors = await Promise.all(wrong.map(failure));
    expect(errors.map(({ code }) => code)).toEqual(wrong.map(() => 'INVALID_ARGUMENT'));
    for (const { hint } of errors) expect(hint).not.toBe('');
    expect(await failure(alice.connect('alice'))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await failure(alice.send('bob', 'x'.repeat(70_000)))).toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    expect(await failure(hub.introduce(alice, world.agent('loner')))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('the same name twice at a hub: the second one is told, the first one stays', async () => {
    const hub = world.keep(new LocalHub());
    const alice = world.agent('alice', { hub });
    await alice.ready();
    const second = world.agent('alice', { hub });
    expect(await failure(second.ready())).toMatchObject({ code: 'NAME_TAKEN' });
    expect(await hub.getBundle('alice')).toEqual(alice.publicBundle);
  });

  test('a folder in use, of another agent, or with a damaged key', async () => {
    const stateDir = join(world.folder(), 'alice');
    const hub = world.keep(new LocalHub());
    const alice = world.agent('alice', { hub, stateDir });
    expect(await failure(world.agent('alice', { hub, stateDir }).ready())).toMatchObject({ code: 'NODE_RUNNING' });
    await alice.ready();
    expect(codeThrownBy(() => new Agent('bob', { stateDir }))).toBe('INVALID_ARGUMENT');
    const damaged = join(world.folder(), 'damaged');
    mkdirSync(damaged);
    writeFileSync(join(damaged, 'alice.key'), 'no key', { mode: 0o600 });
    expect(codeThrownBy(() => new Agent('alice', { keypairPath: join(damaged, 'alice.key') }))).toBe(
      'KEY_FILE_UNREADABLE',
    );
  });

  test('after close, of an agent and of a hub', async () => {
    const hub = new LocalHub();
    const alice = new Agent('alice', { hub });
    await alice.close();
    await alice.close();
    const error = await failure(alice.send('bob', 'x'));
    expect(error).toMatchObject({ code: 'SHUTTING_DOWN', message: 'The agent alice is closed' });
    await hub.close();
    expect(codeThrownBy(() => new Agent('bob', { hub }))).toBe('SHUTTING_DOWN');
    expect(await failure(hub.listAgents())).toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});
