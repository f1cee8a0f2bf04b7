import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient, type Transport } from '#api';
import { connect } from './connect.ts';
import type { NodeDoor } from './node-door.ts';
import { settingsOf } from './settings.ts';

let stateDir = '';
let notes: string[] = [];
let opened = 0;
let closed = 0;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'mesh-cli-'));
  [notes, opened, closed] = [[], 0, 0];
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const files: Transport = {
  request: async () => ({ status: 200, headers: {}, body: new TextEncoder().encode('{"agents":[]}') }),
};
const unused = (): never => {
  throw new Error('not used here');
};
const door: NodeDoor = {
  initAgent: unused,
  addAgent: unused,
  runNode: unused,
  makeBackup: unused,
  checkBackup: unused,
  restoreBackup: unused,
  examineFolder: unused,
  openclawSetups: unused,
  askAsStranger: unused,
  planOpenclawSetup: unused,
  planOpenclawRemoval: unused,
  openOffline: async () => {
    opened += 1;
    return { transport: files, close: async () => void (closed += 1) };
  },
};
const connection = () =>
  connect({ settings: settingsOf({ stateDir }, {}), note: (text) => notes.push(text) }, async () => door);
const initialize = (): void => writeFileSync(join(stateDir, 'identity.json'), '{}');

describe('without a running node', () => {
  it('reads the files for what works offline, says so once, and closes them', async () => {
    initialize();
    const { transport, close } = connection();
    const client = createClient(transport);
    expect(await client.agents()).toEqual({ agents: [] });
    await client.contact({ contact: 'did:key:z6Mk/../x' });
    await close();
    expect({ notes, opened, closed }).toEqual({
      notes: ['No node runs here: this comes from its files.'],
      opened: 1,
      closed: 1,
    });
  });

  it('refuses what needs a node, and opens nothing', async () => {
    initialize();
    const { transport, close } = connection();
    const client = createClient(transport);
    await expect(client.send({ to: 'bob', text: 'hello' })).rejects.toMatchObject({
      code: 'NODE_NOT_RUNNING',
      hint: 'Run: mesh up --detach',
    });
    await expect(client.read({ id: 'msg_1' })).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
    await expect(client.events()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
    await close();
    expect(opened).toBe(0);
  });

  it('says of an empty folder that it has to be initialised first', async () => {
    const client = createClient(connection().transport);
    await expect(client.send({ to: 'bob', text: 'hello' })).rejects.toMatchObject({ code: 'NOT_INITIALIZED' });
  });

  it('takes the file of a node that was killed for what it is', async () => {
    initialize();
    // No process has an id above the limit of the system.
    const dead = { pid: 2 ** 30, apiHost: '127.0.0.1', apiPort: 1, startedAt: 1 };
    writeFileSync(join(stateDir, 'node.json'), JSON.stringify(dead));
    expect(await createClient(connection().transport).agents()).toEqual({ agents: [] });
    await expect(createClient(connection().transport).send({ to: 'bob', text: 'hello' })).rejects.toMatchObject({
      code: 'NODE_NOT_RUNNING',
      message: `The node on ${stateDir} ended without being stopped`,
      hint: `Start it again: mesh up --detach. Why it ended may stand in ${join(stateDir, 'node.log')}`,
    });
    writeFileSync(join(stateDir, 'node.json'), '{"pid":');
    expect(await createClient(connection().transport).agents()).toEqual({ agents: [] });
  });

  it('does not believe a process id that another program has by now: nobody listens there', async () => {
    initialize();
    writeFileSync(join(stateDir, 'api-token'), 'token');
    writeFileSync(
      join(stateDir, 'node.json'),
      JSON.stringify({ pid: process.pid, apiHost: '127.0.0.1', apiPort: 1, startedAt: 1 }),
    );
    expect(await createClient(connection().transport).agents()).toEqual({ agents: [] });
    expect(opened).toBe(1);
  });
});

describe('with a running node', () => {
  it('tells who may not read its token how to go on', async () => {
    initialize();
    writeFileSync(
      join(stateDir, 'node.json'),
      JSON.stringify({ pid: process.pid, apiHost: '127.0.0.1', apiPort: 1, startedAt: 1 }),
    );
    await expect(createClient(connection().transport).agents()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });
});
