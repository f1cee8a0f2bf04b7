import { type Limits, MeshError } from '#kernel';
import { type BlobGet, BlobPiece, type LinkOperation } from '#protocol';
import type { Connection } from './connection.ts';
import type { Link, LinkHandler } from './link.ts';
import { operationError } from './operation-error.ts';

export interface BlobAnswersOptions {
  readonly link: Link;
  readonly handler: Pick<LinkHandler, 'readBlob'>;
  readonly limits: Pick<Limits, 'maxBlobAsks' | 'maxBlobWindowBytes' | 'blobPieceBytes'>;
  readonly connection: Pick<Connection, 'drained' | 'send'>;
  write(operation: LinkOperation): void;
}

/** An ask with room for its answer, which is read from the disk ahead of its turn. */
interface Waiting {
  readonly ask: BlobGet;
  readonly pieces: readonly BlobPiece[];
  /** Undefined once all bytes are there; errors are answers too. */
  readonly read: Promise<{ readonly error: unknown } | undefined>;
}

const readAhead = 4;
/** Kept for later when they are not in use. */
const maxSpare = 64;

/**
 * Gives the far end the bytes of blobs that it asked for, in pieces and in the order asked, no faster than the connection takes them. All
 * else that is said over the link goes between the pieces (spec §10.4).
 */
export class BlobAnswers {
  readonly #options: BlobAnswersOptions;
  readonly #asks: BlobGet[] = [];
  readonly #reading: Waiting[] = [];
  readonly #spare: BlobPiece[] = [];
  #askedBytes = 0;
  #serving = false;
  #ended = false;

  constructor(options: BlobAnswersOptions) {
    this.#options = options;
  }

  /** Throws CREDIT_EXCEEDED when more is asked for at once than any window holds. */
  take(ask: BlobGet): void {
    const { maxBlobAsks, maxBlobWindowBytes } = this.#options.limits;
    this.#askedBytes += ask.bytes;
    if (this.#asks.length >= maxBlobAsks || this.#askedBytes > 2 * maxBlobWindowBytes) {
      throw new MeshError('CREDIT_EXCEEDED', `${this.#askedBytes} bytes of files are asked for at once`);
    }
    this.#asks.push(ask);
    this.#readAhead();
    if (!this.#serving) void this.#serve();
  }

  end(): void {
    this.#ended = true;
    this.#asks.length = 0;
  }

  #readAhead(): void {
    while (this.#reading.length < readAhead) {
      const ask = this.#asks.shift();
      if (ask === undefined) return;
      this.#reading.push(this.#read(ask));
    }
  }

  #read(ask: BlobGet): Waiting {
    const { handler, link, limits } = this.#options;
    const pieces: BlobPiece[] = [];
    const parts: Uint8Array[] = [];
    for (let at = 0; at < ask.bytes; at += limits.blobPieceBytes) {
      const piece = this.#spare.pop() ?? new BlobPiece(limits.blobPieceBytes);
      pieces.push(piece);
      parts.push(piece.bytes(Math.min(limits.blobPieceBytes, ask.bytes - at)));
    }
    const read = handler.readBlob(ask, link, parts).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    return { ask, pieces, read };
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    for (let next = this.#reading[0]; next !== undefined && !this.#ended; next = this.#reading[0]) {
      const failed = await next.read;
      if (failed === undefined) await this.#writeAll(next);
      else this.#options.write({ ...operationError(failed.error), n: next.ask.n });
      this.#reading.shift();
      this.#askedBytes -= next.ask.bytes;
      this.#readAhead();
    }
    this.#serving = false;
  }

  async #writeAll({ ask, pieces }: Waiting): Promise<void> {
    const { connection, limits } = this.#options;
    let left = ask.bytes;
    for (const piece of pieces) {
      await connection.drained();
      if (this.#ended) return;
      const length = Math.min(left, limits.blobPieceBytes);
      left -= length;
      connection.send(piece.seal(ask.n, length), () => this.#reuse(piece));
    }
  }

  #reuse(piece: BlobPiece): void {
    if (this.#spare.length < maxSpare) this.#spare.push(piece);
  }
}
