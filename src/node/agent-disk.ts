import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { readKeyFile, writeFileAtomic, writeKeyFile } from '#storage';

/** Where keys and cards lie. Paths are those of the state folder, also where nothing is written to a real disk. */
export interface AgentDisk {
  exists(path: string): boolean;
  /** Names in a folder; none when it is not there. */
  list(path: string): readonly string[];
  /** Only for the owner. */
  makeFolder(path: string): void;
  rename(from: string, to: string): void;
  /** Throws when it is not there. */
  read(path: string): Uint8Array;
  /** Throws KEY_FILE_UNREADABLE, KEY_FILE_PERMISSIONS. */
  readKey(path: string): Promise<string>;
  /** Readable by its owner alone; whole or not at all. Throws STORE_FULL, STORE_UNREADABLE. */
  writeKey(path: string, text: string): Promise<void>;
  /** Readable by everybody; whole or not at all. */
  write(path: string, text: string): Promise<void>;
}

export const fileSystem: AgentDisk = {
  exists: existsSync,
  list: (path) => (existsSync(path) ? readdirSync(path) : []),
  makeFolder: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  rename: renameSync,
  read: (path) => readFileSync(path),
  readKey: readKeyFile,
  writeKey: writeKeyFile,
  write: writeFileAtomic,
};
