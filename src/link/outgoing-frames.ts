import { MeshError } from '#kernel';
import type { FrameId } from '#protocol';
import { type Connection, waterMarks } from './connection.ts';
import type { FrameOutcome } from './link.ts';

/** Frames and bytes of operations that one side may still send (spec 6). */
export interface Credit {
  readonly frames: number;
  readonly bytes: number;
}

interface Open {
  readonly answer: PromiseWithResolvers<FrameOutcome>;
  isWritten: boolean;
}

interface Waiting {
  readonly id: FrameId;
  /** The encoded operation. */
  readonly bytes: Uint8Array;
  readonly onWritten: (() => void) | undefined;
}

/** The frames on their way out of one link: written in call order as credit allows, then waiting for their answers. */
export class OutgoingFrames {
  readonly #connection: Connection;
  readonly #waiting: Waiting[] = [];
  /** Those without an answer. */
  readonly #open = new Map<FrameId, Open>();
  #frames: number;
  #bytes: number;
  #draining = false;
  #ended: MeshError | undefined;

  constructor(connection: Connection, credit: Credit) {
    this.#connection = connection;
    this.#frames = credit.frames;
    this.#bytes = credit.bytes;
  }

  /**
   * Resolves with the far end's answer. Rejects with WRONG_STATE when the frame is under way already, and when the link
   * ends.
   */
  async send(frame: Waiting): Promise<FrameOutcome> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#open.has(frame.id))
      throw new MeshError('WRONG_STATE', `Frame ${frame.id} is under way on this link already`);
    const answer = Promise.withResolvers<FrameOutcome>();
    this.#open.set(frame.id, { answer, isWritten: false });
    this.#waiting.push(frame);
    this.#write();
    return await answer.promise;
  }

  grant(credit: Credit): void {
    this.#frames = Math.min(this.#frames + credit.frames, Number.MAX_SAFE_INTEGER);
    this.#bytes = Math.min(this.#bytes + credit.bytes, Number.MAX_SAFE_INTEGER);
    this.#write();
  }

  /** False when no such frame was written. */
  answered(id: FrameId, outcome: FrameOutcome): boolean {
    const open = this.#open.get(id);
    if (open?.isWritten !== true) return false;
    this.#open.delete(id);
    open.answer.resolve(outcome);
    return true;
  }

  /** Nothing is written any more; whoever waits is told why. */
  end(error: MeshError): void {
    this.#ended = error;
    this.#waiting.length = 0;
    for (const { answer } of this.#open.values()) answer.reject(error);
    this.#open.clear();
  }

  #write(): void {
    let next = this.#waiting[0];
    while (next !== undefined && this.#affords(next) && this.#flows()) {
      // It is over, which `end` will tell: nothing was written.
      if (!this.#connection.send(next.bytes)) return;
      this.#waiting.shift();
      this.#frames -= 1;
      this.#bytes -= next.bytes.length;
      const open = this.#open.get(next.id);
      if (open !== undefined) open.isWritten = true;
      next.onWritten?.();
      next = this.#waiting[0];
    }
  }

  #affords(frame: Waiting): boolean {
    return this.#frames >= 1 && this.#bytes >= frame.bytes.length;
  }

  /** A frame counts as written when it leaves soon: behind a slow network the time for its answer would run out. */
  #flows(): boolean {
    if (this.#connection.bufferedBytes <= waterMarks.highBytes) return true;
    if (!this.#draining) void this.#writeWhenDrained();
    return false;
  }

  async #writeWhenDrained(): Promise<void> {
    this.#draining = true;
    await this.#connection.drained();
    this.#draining = false;
    if (this.#ended === undefined) this.#write();
  }
}
