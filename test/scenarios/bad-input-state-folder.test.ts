import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient } from '#api';
import { codeOf, silentLogger, systemClock, systemRandom } from '#kernel';
import { createFirstAgent, defaultConfig, initAgent, MeshNode, openOffline, stateDir } from '#node';
import { openSqliteStore } from '#storage';
import { failure } from '../support/failure.ts';
import { codeOfRejection, inboxTexts, reaches, send, Story, stillTalk } from '../support/story.ts';
import { eventually, pair, signal, type TestNode } from '../support/test-agents.ts';

const story = new Story();

afterEach(() => story[Symbol.asyncDispose]());

async function aliceAndBob(): Promise<[TestNode, TestNode]> {
  const [alice, bob] = [await story.start('alice'), await story.start('bob')];
  await pair(alice, bob);
  await stillTalk(alice, bob);
  return [alice, bob];
}

interface StartOptions {
  readonly port?: number;
  readonly openStore?: typeof openSqliteStore;
}

const startOn = (dir: string, { port = 0, openStore }: StartOptions = {}): Promise<MeshNode> =>
  MeshNode.start({
    state: stateDir(dir),
    config: { ...defaultConfig, host: '127.0.0.1', port, apiPort: 0 },
    logger: silentLogger,
    openStore,
  });

const contentOf = (path: string): Buffer | undefined => (existsSync(path) ? readFileSync(path) : undefined);

describe('a second node on a state folder', () => {
  test('does not start, says who is there, and the first goes on', async () => {
    const [alice, bob] = await aliceAndBob();
    expect(await failure(startOn(bob.dir))).toMatchObject({
      code: 'NODE_RUNNING',
      data: { pid: process.pid },
      hint: expect.stringContaining('mesh down'),
    });
    await stillTalk(alice, bob);
    await stillTalk(bob, alice);
    expect(await codeOfRejection(initAgent({ stateDir: bob.dir, name: 'other', force: true }))).toBe('NODE_RUNNING');
    await stillTalk(alice, bob);
  });

  test('starts when the first is down', async () => {
    const [, bob] = await aliceAndBob();
    await bob.down();
    const second = await startOn(bob.dir);
    expect(await codeOfRejection(bob.up())).toBe('NODE_RUNNING');
    await second.stop();
    await bob.up();
  });
});

/** What the command line would show of the contacts without a node: their names, or the code of an error. */
async function namesOffline(node: TestNode): Promise<string> {
  try {
    const offline = await openOffline({ stateDir: node.dir });
    const { contacts } = await createClient(offline.transport).contacts({}, { signal });
    await offline.close();
    return contacts.map(({ petname }) => petname).join();
  } catch (error) {
    return codeOf(error);
  }
}

const damages: Readonly<Record<string, (path: string) => void>> = {
  'has zero bytes': (path) => truncateSync(path, 0),
  'was cut in the middle': (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
  'lost its last bytes': (path) => truncateSync(path, statSync(path).size - 100),
  'has other bytes in it': (path) => {
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xa5, 8192, 8192 + 20_000));
  },
  'is something else': (path) => writeFileSync(path, 'not a database\n'.repeat(3000)),
};

describe('a database that', () => {
  test.each(Object.entries(damages))(
    '%s keeps the node from starting, untouched, until it is restored',
    async (_what, damage) => {
      const [alice, bob] = await aliceAndBob();
      await bob.down();
      const { database } = stateDir(bob.dir);
      const backup = readFileSync(database);
      const waiting = await send(alice, 'bob', 'for later');
      damage(database);
      const damaged = contentOf(database);

      for (let n = 0; n < 2; n += 1) {
        const error = await failure(bob.up());
        expect(error).toMatchObject({ code: 'STORE_CORRUPT', data: { path: database } });
        expect(error.hint).toMatch(/[Rr]estore mesh\.db from a backup/);
        expect(contentOf(database)).toEqual(damaged);
      }
      expect(['STORE_CORRUPT', 'alice']).toContain(await namesOffline(bob));
      expect(contentOf(database)).toEqual(damaged);

      writeFileSync(database, backup);
      await bob.up();
      await reaches([alice, bob], { from: alice, id: waiting, state: 'delivered' });
      expect((await inboxTexts(bob)).at(-1)).toBe('for later');
      await stillTalk(bob, alice);
    },
  );

  test('is gone while its log is there keeps the node from starting too', async () => {
    const [, bob] = await aliceAndBob();
    await bob.down();
    const { database } = stateDir(bob.dir);
    writeFileSync(`${database}-wal`, 'x'.repeat(5000));
    cpSync(database, `${database}.backup`);
    rmSync(database);
    expect(await codeOfRejection(bob.up())).toBe('STORE_CORRUPT');
    expect(existsSync(database)).toBe(false);
    rmSync(`${database}-wal`);
    cpSync(`${database}.backup`, database);
    await bob.up();
    expect((await bob.api.contacts({}, { signal })).contacts).toHaveLength(1);
  });
});

describe('a node that cannot start', () => {
  test('leaves nothing open behind it', async () => {
    const [alice, bob] = await aliceAndBob();
    await bob.down();
    let opened = 0;
    let closed = 0;
    const openStore: typeof openSqliteStore = async (options) => {
      const store = await openSqliteStore(options);
      opened += 1;
      const close = store.close.bind(store);
      return Object.assign(store, { close: () => close().finally(() => (closed += 1)) });
    };
    const taken = startOn(bob.dir, { port: alice.node.listening.publicAddress.port, openStore });
    expect(await codeOfRejection(taken)).toBe('PORT_IN_USE');
    chmodSync(join(bob.dir, 'private_key.pem'), 0o644);
    expect(await codeOfRejection(startOn(bob.dir, { openStore }))).toBe('KEY_FILE_PERMISSIONS');
    expect([opened, closed]).toEqual([2, 2]);
    chmodSync(join(bob.dir, 'private_key.pem'), 0o600);
    await bob.up();
    await stillTalk(alice, bob);
  });
});

describe('a key file that', () => {
  const keyOf = (node: TestNode): string => join(node.dir, 'private_key.pem');

  test.each([0o644, 0o640, 0o604, 0o660, 0o601])(
    'has mode %o keeps the node from starting, which says what to do',
    async (mode) => {
      const bob = await story.start('bob');
      await bob.down();
      chmodSync(keyOf(bob), mode);
      const error = await failure(bob.up());
      expect(error).toMatchObject({ code: 'KEY_FILE_PERMISSIONS', hint: `Run: chmod 600 ${keyOf(bob)}` });
      chmodSync(keyOf(bob), 0o600);
      await bob.up();
    },
  );

  const key = (path: string): string => readFileSync(path, 'utf8');
  const spoiled: Readonly<Record<string, (path: string) => void>> = {
    'is empty': (path) => truncateSync(path, 0),
    'was cut off': (path) => truncateSync(path, 100),
    'is text': (path) => writeFileSync(path, 'secret'),
    'has a changed letter': (path) =>
      writeFileSync(
        path,
        key(path).replace(/[A-Y](?=[A-Z])/, (letter) => (letter === 'B' ? 'C' : 'B')),
      ),
    'is a folder': (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    'is gone': (path) => rmSync(path),
  };

  test.each(Object.entries(spoiled))(
    '%s keeps the node from starting, and no new key is made',
    async (_what, spoil) => {
      const [alice, bob] = await aliceAndBob();
      await bob.down();
      const path = keyOf(bob);
      const kept = readFileSync(path, 'utf8');
      spoil(path);
      const before = existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
      const error = await failure(bob.up());
      expect(error.code).toBe('KEY_FILE_UNREADABLE');
      expect(`${error.message} ${error.hint}`).not.toContain(kept.slice(40, 60));
      expect(existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined).toBe(before);

      rmSync(path, { recursive: true, force: true });
      writeFileSync(path, kept, { mode: 0o600 });
      await bob.up();
      await stillTalk(alice, bob);
    },
  );

  test('belongs to another agent than the card gets a card of its own, and its peers notice', async () => {
    const [alice, bob] = await aliceAndBob();
    await bob.down();
    const elsewhere = await story.start('carol');
    cpSync(keyOf(elsewhere), keyOf(bob));
    await bob.up();
    expect(bob.host.agent.card().agentId).toBe(elsewhere.host.agent.agentId);
    await send(alice, 'bob', 'who are you');
    const stateOfBob = async () => (await alice.api.contact({ contact: 'bob' }, { signal })).state;
    await eventually([alice, bob], async () => (await stateOfBob()) === 'changed');
    expect(await inboxTexts(bob)).not.toContain('who are you');
  });
});

describe('other files of the folder', () => {
  test.each<[string, string, (path: string) => void]>([
    ['KEY_FILE_PERMISSIONS', 'api-token', (path) => chmodSync(path, 0o644)],
    ['KEY_FILE_UNREADABLE', 'identity.json', (path) => truncateSync(path, 50)],
    ['KEY_FILE_UNREADABLE', 'identity.json', (path) => writeFileSync(path, '{"name":"../../x"}')],
  ])('that others can read or that are damaged are refused with %s: %s', async (code, name, spoil) => {
    const bob = await story.start('bob', { withApi: true });
    await bob.down();
    const path = join(bob.dir, name);
    const kept = readFileSync(path, 'utf8');
    spoil(path);
    expect(await codeOfRejection(bob.up())).toBe(code);
    rmSync(path);
    writeFileSync(path, kept, { mode: 0o600 });
    await bob.up();
  });

  test('are private from the moment they exist', async () => {
    const bob = await story.start('bob', { withApi: true });
    for (const name of ['private_key.pem', 'api-token', 'mesh.db']) {
      expect(statSync(join(bob.dir, name)).mode & 0o777).toBe(0o600);
    }
    const ports = { clock: systemClock, random: systemRandom, limits: bob.limits, force: false };
    const again = createFirstAgent(stateDir(bob.dir), { name: 'bob', endpoints: [] }, ports);
    expect(await codeOfRejection(again)).toBe('ALREADY_INITIALIZED');
  });
});
