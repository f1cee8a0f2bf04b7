import { existsSync } from 'node:fs';
import { defaultLimits, MeshError, silentLogger, systemClock, systemRandom } from '#kernel';
import type { Transport } from '#api';
import type { MeshStore } from '#pipeline';
import { openMemoryStore, openReadOnlyStore } from '#storage';
import { compose } from './compose.ts';
import { readConfig } from './read-config.ts';
import { createOperations } from './create-operations.ts';
import { localTransport, offlineOperations } from './http/index.ts';
import { readPassphrase } from './read-passphrase.ts';
import { stateDir } from './state-dir.ts';

export interface OfflineNode {
  readonly transport: Transport;
  close(): Promise<void>;
}

/** The API in this process, read-only, over the files of a node that does not run. Throws what loading keys and database throws. */
export async function openOffline(options: {
  readonly stateDir: string;
  readonly passphraseFile?: string;
}): Promise<OfflineNode> {
  const state = stateDir(options.stateDir);
  const { passphraseFile } = options;
  const config = { ...(await readConfig(state.config)), ...(passphraseFile === undefined ? {} : { passphraseFile }) };
  const store = await readOnly(state.database);
  const composed = await compose({
    state,
    // No program is started here, and its settings may need files that are not at hand.
    config: { ...config, agents: {}, relay: false },
    store,
    logger: silentLogger,
    passphrase: readPassphrase(config),
    requestStop: () => {},
  });
  const { clock, limits, random, logger } = {
    clock: systemClock,
    limits: defaultLimits,
    random: systemRandom,
    logger: silentLogger,
  };
  const transport = localTransport({
    operations: offlineOperations(createOperations(composed.parts)),
    version: composed.parts.version,
    clock,
    limits,
    random,
    logger,
  });
  return {
    transport,
    async close() {
      transport.close();
      await store.close();
    },
  };
}

/** A folder that was just made has no database yet: then there is nothing in it. */
async function readOnly(path: string): Promise<MeshStore> {
  if (!existsSync(path)) return openMemoryStore({ clock: systemClock, limits: defaultLimits });
  const { read, close } = await openReadOnlyStore(path);
  return { read, close, transact: () => Promise.reject(new MeshError('NODE_NOT_RUNNING')) };
}
