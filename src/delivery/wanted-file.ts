import type { BlobAttachment } from '#protocol';
import type { FileRow } from './file-store.ts';

/** A file that is to come, with what its message says of it. */
export interface WantedFile {
  readonly row: FileRow;
  readonly attachment: BlobAttachment;
}
