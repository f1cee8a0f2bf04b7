export { type ArchivedFile, type BackupFile, packArchive, unpackArchive } from './archive.ts';
export type { BackupManifest } from './manifest.ts';
export { PassphraseKeys } from './passphrase-keys.ts';
export { openStream, sealStream } from './sealed-stream.ts';
