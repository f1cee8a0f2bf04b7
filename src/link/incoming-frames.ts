import type { Limits } from '#kernel';
import type { Frame } from '#protocol';
import type { FrameOutcome } from './link.ts';
import { maxOperationBytes } from './operation-size.ts';
import type { Credit } from './outgoing-frames.ts';

export interface IncomingFramesOptions {
  readonly limits: Pick<
    Limits,
    'creditFrames' | 'creditBytes' | 'strangerFrames' | 'strangerBytes' | 'maxHandshakeFrameBytes'
  >;
  readonly trusted: boolean;
  /** Tells the far end that it may send more. */
  grant(credit: Credit): void;
}

/**
 * What the far end may send and what of it is not handled yet (spec 6.4). A trusted peer gets its credit back as frames
 * are handled; a stranger's is used up, but for frames of a time when it was none.
 */
export class IncomingFrames {
  readonly #options: IncomingFramesOptions;
  #trusted: boolean;
  #window: Credit;
  #frames: number;
  #bytes: number;
  #handling = 0;
  #owedFrames = 0;
  #owedBytes = 0;

  constructor(options: IncomingFramesOptions) {
    const { limits, trusted } = options;
    this.#options = options;
    this.#trusted = trusted;
    this.#window = trusted ? fullCredit(limits) : { frames: limits.strangerFrames, bytes: limits.strangerBytes };
    this.#frames = this.#window.frames;
    this.#bytes = this.#window.bytes;
  }

  get trusted(): boolean {
    return this.#trusted;
  }

  /** The first grant, which opens the link. */
  open(): void {
    this.#options.grant(this.#window);
  }

  /** Charges an operation that carries a frame; false when it exceeds what was granted. */
  charge(bytes: number): boolean {
    if (this.#frames < 1 || this.#bytes < bytes) return false;
    this.#frames -= 1;
    this.#bytes -= bytes;
    this.#handling += 1;
    return true;
  }

  /** A charged operation is handled. */
  release(bytes: number, { fromBefore }: { readonly fromBefore: boolean }): void {
    this.#handling -= 1;
    this.#owedFrames += 1;
    this.#owedBytes += bytes;
    if (this.#trusted ? this.#isDue() : fromBefore) this.#giveBack();
  }

  /** From a stranger to a trusted peer: full credit from now on. */
  trust(): void {
    if (this.#trusted) return;
    const full = fullCredit(this.#options.limits);
    this.#trusted = true;
    this.#owedFrames += full.frames - this.#window.frames;
    this.#owedBytes += full.bytes - this.#window.bytes;
    this.#window = full;
    this.#giveBack();
  }

  /** In batches; and at once when all is handled and the rest would be too little for the largest frame. */
  #isDue(): boolean {
    const { frames, bytes } = this.#window;
    if (this.#owedFrames * 4 >= frames || this.#owedBytes * 4 >= bytes) return true;
    return this.#handling === 0 && this.#bytes < maxOperationBytes(this.#options.limits);
  }

  #giveBack(): void {
    const credit = { frames: this.#owedFrames, bytes: this.#owedBytes };
    this.#owedFrames = 0;
    this.#owedBytes = 0;
    this.#frames += credit.frames;
    this.#bytes += credit.bytes;
    this.#options.grant(credit);
  }
}

/** True when a stranger was answered so because the frame was known (spec 5.7): whoever repeats it has to get to what is behind it. */
export const isFromBefore = ({ kind }: Frame, outcome: FrameOutcome): boolean =>
  kind !== 'request' && kind !== 'accept' && (outcome.kind !== 'refused' || outcome.code !== 'NOT_TRUSTED');

const fullCredit = (limits: IncomingFramesOptions['limits']): Credit => ({
  frames: limits.creditFrames,
  bytes: limits.creditBytes,
});
