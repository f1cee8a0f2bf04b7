import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits, systemClock, systemRandom } from '#kernel';
import { createFirstAgent, createFurtherAgent, loadAgents, type NewAgent } from './agent-files.ts';
import { readConfig } from './read-config.ts';
import { stateDir } from './state-dir.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-files-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits };
const alice: NewAgent = { name: 'alice', endpoints: [] };
const create = (agent: NewAgent = alice, force = false, passphrase?: string) =>
  createFirstAgent(stateDir(dir), agent, { ...ports, force, passphrase });
const files = (): readonly string[] => readdirSync(dir).sort();

describe('the first agent of a folder', () => {
  test('keeps what it was given in mesh.toml, where the node finds it at every start', async () => {
    await create({ ...alice, endpoints: ['http://alice.example:9000'], port: 9000 });
    expect(await readConfig(join(dir, 'mesh.toml'))).toMatchObject({
      port: 9000,
      endpoints: ['http://alice.example:9000'],
    });
  });

  test('leaves a mesh.toml whose settings take effect where they stand, once they are uncommented', async () => {
    await create();
    const path = join(dir, 'mesh.toml');
    expect(await readConfig(path)).toMatchObject({ port: 8787, endpoints: [] });
    writeFileSync(path, readFileSync(path, 'utf8').replace('# port = 8787', 'port = 9000'));
    expect((await readConfig(path)).port).toBe(9000);
  });

  test('is not replaced without force, which sets it aside', async () => {
    const before = await create();
    await expect(create()).rejects.toMatchObject({ code: 'ALREADY_INITIALIZED' });
    const after = await create(alice, true);
    expect(after.card.agentId).not.toBe(before.card.agentId);
    expect(files().filter((name) => name.endsWith('.old'))).toHaveLength(2);
  });

  test('is not made in place of one whose key file is missing: contacts and messages are still there', async () => {
    await create();
    rmSync(join(dir, 'private_key.pem'));
    const error = await create().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ALREADY_INITIALIZED' });
    expect(String((error as Error).message)).toContain('private_key.pem');
    await expect(create(alice, true)).resolves.toMatchObject({ name: 'alice' });
  });

  test('never opens a database of keys that are gone', async () => {
    writeFileSync(join(dir, 'mesh.db'), 'sealed for somebody else');
    await create();
    expect(files()).not.toContain('mesh.db');
    expect(files().some((name) => /^mesh\.db\..*\.old$/.test(name))).toBe(true);
  });

  test('is refused when mesh.toml says otherwise, before anything is changed', async () => {
    await create({ ...alice, endpoints: ['http://a.example'], port: 9000 });
    const before = files();
    for (const other of [{ endpoints: ['http://b.example'] }, { port: 9001 }]) {
      await expect(create({ ...alice, ...other }, true)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        hint: expect.stringContaining(Object.keys(other)[0] ?? ''),
      });
    }
    expect(files()).toEqual(before);
    await expect(create({ ...alice, endpoints: ['http://a.example'], port: 9000 }, true)).resolves.toBeDefined();
  });
});

describe('one more agent', () => {
  test('is protected by the passphrase of the first', async () => {
    await create(alice, false, 'correct horse');
    const add = (passphrase?: string) =>
      createFurtherAgent(stateDir(dir), { name: 'robot', endpoints: [] }, { ...ports, passphrase });
    await expect(add()).rejects.toMatchObject({ code: 'PASSPHRASE_REQUIRED' });
    await expect(add('wrong')).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' });
    await add('correct horse');
    await expect(loadAgents(stateDir(dir), ports)).rejects.toMatchObject({ code: 'PASSPHRASE_REQUIRED' });
    const names = (await loadAgents(stateDir(dir), { ...ports, passphrase: 'correct horse' })).map(({ name }) => name);
    expect(names).toEqual(['alice', 'robot']);
  });
});
