/** One file of sealed bytes. */
export interface HubBlobFile {
  size(): Promise<number>;
  /** Fills the parts from `offset` on; how many bytes there were. */
  read(offset: number, parts: readonly Uint8Array[]): Promise<number>;
  write(offset: number, parts: readonly Uint8Array[]): Promise<void>;
  /** Resolves when what was written is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Where the bytes of blobs lie, under names of 32 hex digits. */
export interface HubBlobFiles {
  create(name: string): Promise<HubBlobFile>;
  open(name: string): Promise<HubBlobFile | undefined>;
  remove(name: string): Promise<void>;
  list(): Promise<readonly string[]>;
  /** Of the disk. */
  freeBytes(): Promise<number>;
}
