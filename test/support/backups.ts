import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupMade, makeBackup, type RestoreDone, restoreBackup } from '#node';

const passphrase = 'a passphrase for tests';

/** Backups of a test and the folders that are made from them; all of it goes with the test. */
export class Backups implements Disposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'mesh-backups-'));
  readonly #setAside: string[] = [];
  #count = 0;

  /** Backs up the state folder. Returns the file. */
  async make(stateDir: string): Promise<string> {
    return (await this.facts(stateDir)).file;
  }

  /** The same with everything that is told of it. */
  facts(stateDir: string): Promise<BackupMade> {
    const file = join(this.#dir, `${(this.#count += 1)}.backup`);
    return makeBackup({ stateDir, file, passphrase, force: false });
  }

  /** Restores the file into a new folder, as on a new machine; or into the one named, whose contents are set aside. */
  async restore(file: string, stateDir = join(this.#dir, `machine-${(this.#count += 1)}`)): Promise<RestoreDone> {
    const done = await restoreBackup({ file, passphrase, stateDir, force: true });
    if (done.setAside !== undefined) this.#setAside.push(done.setAside);
    return done;
  }

  [Symbol.dispose](): void {
    for (const path of [this.#dir, ...this.#setAside]) rmSync(path, { recursive: true, force: true });
  }
}
