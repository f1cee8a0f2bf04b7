/** Where sealed bytes of files lie: under names of our own choice, readable by their owner alone. */
export interface BlobFiles {
  /** An empty one for reading and writing. Throws STORE_FULL, STORE_UNREADABLE. */
  create(name: string): Promise<BlobFile>;
  /** Undefined when there is none. */
  open(name: string): Promise<BlobFile | undefined>;
  /** Nothing happens when there is none. */
  remove(name: string): Promise<void>;
  list(): Promise<readonly string[]>;
  /** Bytes that may still be written to that disk. */
  freeBytes(): Promise<number>;
}

/** One file of sealed bytes. Everything throws STORE_FULL and STORE_UNREADABLE. */
export interface BlobFile {
  size(): Promise<number>;
  /** Fills the parts, one after another, from `offset` on. Resolves with how many bytes there were. */
  read(offset: number, parts: readonly Uint8Array[]): Promise<number>;
  write(offset: number, parts: readonly Uint8Array[]): Promise<void>;
  /** Resolves when everything written before is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
