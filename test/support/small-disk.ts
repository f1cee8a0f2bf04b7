import { silentLogger } from '#kernel';
import type { NodeOptions } from '#node';
import type { Database } from '../../src/storage/sqlite/database.ts';
import { SqliteMeshStore } from '../../src/storage/sqlite/mesh-store.ts';
import { openDatabase } from '../../src/storage/sqlite/open-database.ts';
import { openWalSync } from '../../src/storage/sqlite/wal-sync.ts';

/** For `openStore` of a node: the disk of its database has as much room as the test says. */
export class SmallDisk {
  #database: Database | undefined;

  readonly openStore: NonNullable<NodeOptions['openStore']> = async ({ path, clock, logger = silentLogger }) => {
    this.#database = openDatabase(path);
    return new SqliteMeshStore({
      database: this.#database,
      clock,
      logger,
      schedule: setImmediate,
      wal: openWalSync(path),
    });
  };

  /** From now on there is room for so many more pages of 4 KB. */
  leaveRoomFor(pages: number): void {
    const now = Number(this.#database?.get('PRAGMA page_count')?.page_count);
    this.#database?.exec(`PRAGMA max_page_count = ${now + pages}`);
  }
}
