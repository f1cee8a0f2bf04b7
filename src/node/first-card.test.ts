import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultLimits, silentLogger, systemClock, systemRandom } from '#kernel';
import { defaultConfig } from './config.ts';
import { MeshNode } from './mesh-node.ts';
import { fetchDiscovery } from '#discovery';
import { fileSystem } from './agent-disk.ts';
import { createFirstAgent } from './agent-files.ts';
import { stateDir } from './state-dir.ts';
import { ownPorts } from '../../test/support/own-ports.ts';
import { turns } from '../../test/support/memory-story.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-first-card-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('whoever asks a node that is starting gets the card that says where the node is', async () => {
  const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits };
  await createFirstAgent(stateDir(dir), { name: 'alice', endpoints: [] }, { ...ports, force: false });
  const writing = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const disk = {
    ...fileSystem,
    write: async (path: string, text: string) => {
      writing.resolve();
      await written.promise;
      await fileSystem.write(path, text);
    },
  };
  const [port = 0] = await ownPorts(1);
  const config = { ...defaultConfig, host: '127.0.0.1', port, apiPort: 0 };
  const starting = MeshNode.start({ state: stateDir(dir), config, logger: silentLogger, withApi: false, disk });
  await writing.promise;
  let isAnswered = false;
  const asking = fetchDiscovery(`http://127.0.0.1:${port}`, { clock: systemClock, timeoutMs: 10_000 }).finally(() => {
    isAnswered = true;
  });
  await turns(200);
  expect(isAnswered).toBe(false);
  written.resolve();
  await using node = await starting;
  expect((await asking).agents[0]).toMatchObject({ name: 'alice', endpoints: [`http://127.0.0.1:${port}`] });
  expect(node.listening.publicAddress.port).toBe(port);
});
