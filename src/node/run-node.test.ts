import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits, MeshError, systemClock, systemRandom } from '#kernel';
import { openSqliteStore } from '#storage';
import { createFirstAgent } from './agent-files.ts';
import { type NodeReady, runNode, type RunNodeOptions } from './run-node.ts';
import { stateDir } from './state-dir.ts';

let dir = '';

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-run-'));
  const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits, force: false };
  await createFirstAgent(stateDir(dir), { name: 'zoe', endpoints: [] }, ports);
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A node that is ready, and what comes of it. */
async function running(options: Pick<RunNodeOptions, 'openStore'> = {}) {
  const ready = Promise.withResolvers<NodeReady>();
  const stop = new AbortController();
  const ended = runNode({
    stateDir: dir,
    host: '127.0.0.1',
    port: 0,
    apiPort: 0,
    logsToFile: true,
    signal: stop.signal,
    onReady: ready.resolve,
    ...options,
  });
  await Promise.race([ready.promise, ended]);
  return { ended, stop: () => stop.abort() };
}

describe('a node that runs', () => {
  it('stops by itself when its disk failed, says why, and can be started again', async () => {
    let fail = (_error: MeshError): void => {};
    const { ended } = await running({
      openStore: (options) => {
        fail = options.onBroken ?? fail;
        return openSqliteStore(options);
      },
    });
    fail(new MeshError('STORE_UNREADABLE', 'The disk did not take it'));
    await expect(ended).rejects.toMatchObject({ code: 'STORE_UNREADABLE', message: 'The disk did not take it' });
    expect(readFileSync(stateDir(dir).log, 'utf8')).toContain('store.broken');
    const again = await running();
    again.stop();
    await expect(again.ended).resolves.toBeUndefined();
  });
});
