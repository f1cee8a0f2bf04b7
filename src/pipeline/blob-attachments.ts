import type { BlobAttachment, Message } from '#protocol';

/** A file beside the message, and which of its attachments it is. */
export interface PlacedBlob {
  readonly place: number;
  readonly attachment: BlobAttachment;
}

/** Most messages have none: costs nothing then. */
export function blobsOf({ payload }: Pick<Message, 'payload'>): readonly PlacedBlob[] {
  if (payload.attachments === undefined) return none;
  return payload.attachments.flatMap((attachment, place) =>
    attachment.kind === 'blob' ? [{ place, attachment }] : none,
  );
}

const none: readonly PlacedBlob[] = [];

export const blobBytes = (blobs: readonly PlacedBlob[]): number =>
  blobs.reduce((sum, { attachment }) => sum + attachment.size, 0);
