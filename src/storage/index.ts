export { readKeyFile, writeFileAtomic, writeKeyFile } from './files.ts';
export {
  type MemoryStoreOptions,
  openMemoryStore,
  openReadOnlyStore,
  openSqliteStore,
  type ReadOnlyStore,
  type SqliteStoreOptions,
} from './open-store.ts';
export { lockStateDir, type StateLock } from './state-lock.ts';
