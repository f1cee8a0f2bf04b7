import { silentLogger } from '#kernel';
import type { NodeOptions } from '#node';
import type { MeshStore, MeshTransaction } from '#pipeline';
import { SqliteMeshStore } from '../../../src/storage/sqlite/mesh-store.ts';
import { openDatabase } from '../../../src/storage/sqlite/open-database.ts';
import { openWalSync, type WalSync } from '../../../src/storage/sqlite/wal-sync.ts';
import { noting, type Write } from '../faulty-store.ts';
import type { Trigger } from './trigger.ts';
import { WalCut } from './wal-cut.ts';

export type OpenStore = NonNullable<NodeOptions['openStore']>;

/** The real database, in a store that meets the trigger at each stage of each commit. */
export const openArmedStore =
  (trigger: Trigger, changed: (wal: WalSync) => WalSync = (wal) => wal): OpenStore =>
  async ({ path, clock, logger = silentLogger }) => {
    const database = openDatabase(path);
    const cut = new WalCut(path);
    trigger.powerCut = () => cut.cut();
    const unsynced: (readonly Write[])[] = [];
    const wal = cut.watch(openWalSync(path), () => {
      for (const writes of unsynced.splice(0)) trigger.meetCommit('before-sync', writes);
    });
    const inner = new SqliteMeshStore({ database, clock, logger, schedule: setImmediate, wal: changed(wal) });
    return new ArmedStore(inner, { trigger, unsynced });
  };

class ArmedStore implements MeshStore {
  readonly read: MeshStore['read'];
  readonly #inner: MeshStore;
  readonly #trigger: Trigger;
  readonly #unsynced: (readonly Write[])[];

  constructor(inner: MeshStore, options: { readonly trigger: Trigger; readonly unsynced: (readonly Write[])[] }) {
    this.read = inner.read;
    this.#inner = inner;
    this.#trigger = options.trigger;
    this.#unsynced = options.unsynced;
  }

  async transact<T>(work: (tx: MeshTransaction) => T): Promise<T> {
    let writes: Write[] = [];
    const value = await this.#inner.transact((tx) => {
      const noted: Write[] = [];
      const result = work(noting(tx, noted));
      writes = noted;
      this.#trigger.meetCommit('before-commit', writes);
      this.#unsynced.push(writes);
      return result;
    });
    this.#trigger.meetCommit('before-told', writes);
    return value;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** As after a restore from an old backup: the sessions are not there any more. */
export async function forgetSessions(store: MeshStore, agent: string): Promise<void> {
  await store.transact((tx) => tx.sessions.deleteSessionsOf(agent));
}
