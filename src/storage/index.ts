export { blobFilesIn } from './blob-files.ts';
export { readKeyFile, syncFolder, writeFileAtomic, writeKeyFile } from './files.ts';
export {
  type MemoryHubStoreOptions,
  openMemoryHubStore,
  openSqliteHubStore,
  type SqliteHubStoreOptions,
} from './hub/hub-store.ts';
export { type NatsHubStore, type NatsHubStoreOptions, openNatsHubStore } from './hub-nats/hub-store.ts';
export {
  type MemoryStoreOptions,
  openMemoryStore,
  openReadOnlyStore,
  openSqliteStore,
  type ReadOnlyStore,
  type SqliteStoreOptions,
} from './open-store.ts';
export { checkDatabase, snapshotDatabase } from './snapshot.ts';
export { lockStateDir, type StateLock } from './state-lock.ts';
export { writeStreamFile } from './stream-file.ts';
