import type { FrameSource } from '#pipeline';

/** A link that frames come over, until it is gone or one of them could not be stored. */
export function frameSource(isThere: () => boolean): FrameSource {
  let isShut = false;
  return {
    isOpen: () => isThere() && !isShut,
    shut: () => {
      isShut = true;
    },
    held: undefined,
  };
}
