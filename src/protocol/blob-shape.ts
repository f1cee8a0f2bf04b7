/** What sealing adds to every chunk: the tag of AES-256-GCM. */
export const chunkTagBytes = 16;
export const blobIdBytes = 32;
export const blobKeyBytes = 32;

/** How a file of `size` bytes lies in its blob (spec §10.2); everything follows from its size. */
export interface BlobShape {
  /** Of the file itself. */
  readonly size: number;
  /** An empty file has one chunk, which is empty. */
  readonly chunks: number;
  /** Of all sealed chunks together. */
  readonly sealedBytes: number;
  /** Of a sealed chunk that is not the last. */
  readonly sealedChunkBytes: number;
}

export function blobShape(size: number, chunkBytes: number): BlobShape {
  const chunks = Math.max(1, Math.ceil(size / chunkBytes));
  const sealedChunkBytes = chunkBytes + chunkTagBytes;
  return { size, chunks, sealedBytes: size + chunks * chunkTagBytes, sealedChunkBytes };
}

/** Where the sealed chunk lies in the blob, and how long it is. */
export function chunkPlace(shape: BlobShape, no: number): { readonly offset: number; readonly bytes: number } {
  const offset = no * shape.sealedChunkBytes;
  return { offset, bytes: Math.min(shape.sealedChunkBytes, shape.sealedBytes - offset) };
}

/** Plain bytes in the first `chunks` chunks. */
export function bytesInChunks({ size, sealedChunkBytes }: BlobShape, chunks: number): number {
  return Math.min(size, chunks * (sealedChunkBytes - chunkTagBytes));
}
