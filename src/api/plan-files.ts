import { defaultLimits } from '#kernel';

/** More text than this and 64 KB of files do not fit into one message (spec §3.6). */
const textBesideFiles = 4096;

/**
 * Which files travel inside the message, by their sizes: those that fit, in order. The others go beside it. One whose size is not known
 * goes beside it.
 */
export function planFiles(sizes: readonly (number | undefined)[], textBytes: number): readonly boolean[] {
  let room = defaultLimits.maxInlineAttachmentBytes - Math.max(0, textBytes - textBesideFiles);
  return sizes.map((size) => {
    if (size === undefined || size > room) return false;
    room -= size;
    return true;
  });
}
