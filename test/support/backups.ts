import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBackup, type RestoreDone, restoreBackup } from '#node';

const passphrase = 'a passphrase for tests';

/** Backups of a test and the folders that are made from them; all of it goes with the test. */
export class Backups implements Disposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'mesh-backups-'));
  #count = 0;

  /** Backs up the state folder. Returns the file. */
  async make(stateDir: string): Promise<string> {
    const file = join(this.#dir, `${(this.#count += 1)}.backup`);
    await makeBackup({ stateDir, file, passphrase, force: false });
    return file;
  }

  /** Restores the file into a new folder, as on a new machine; or into the one named, whose contents are set aside. */
  restore(file: string, stateDir = join(this.#dir, `machine-${(this.#count += 1)}`)): Promise<RestoreDone> {
    return restoreBackup({ file, passphrase, stateDir, force: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
