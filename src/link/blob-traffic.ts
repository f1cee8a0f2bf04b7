import { type Clock, type Limits, MeshError } from '#kernel';
import { blobVersion, type LinkOperation, type LinkOperationOf } from '#protocol';
import { BlobAnswers } from './blob-answers.ts';
import { BlobAsks } from './blob-asks.ts';
import type { Connection } from './connection.ts';
import type { BlobAsk, Link, LinkHandler } from './link.ts';

export interface BlobTrafficOptions {
  readonly link: Link;
  readonly connection: Connection;
  readonly handler: LinkHandler;
  readonly clock: Clock;
  readonly limits: Limits;
  nextNumber(): number;
  write(operation: LinkOperation): void;
}

/** Bytes of files over one link, both ways; only when both sides know of them. Most links carry none. */
export class BlobTraffic {
  readonly #options: BlobTrafficOptions;
  #asks: BlobAsks | undefined;
  #answers: BlobAnswers | undefined;
  #ended: MeshError | undefined;

  constructor(options: BlobTrafficOptions) {
    this.#options = options;
  }

  ask(ask: BlobAsk, onPiece: (bytes: Uint8Array) => void): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#isKnown) {
      this.#asks ??= new BlobAsks(this.#options);
      return this.#asks.ask(ask, onPiece);
    }
    return Promise.reject(new MeshError('PEER_TOO_OLD', 'The software of the peer knows no files'));
  }

  /** `message` holds the operation. False when the far end may not say that. Throws CREDIT_EXCEEDED. */
  take(operation: LinkOperationOf<'blob.get' | 'blob'>, message: Uint8Array): boolean {
    if (!this.#isKnown) return false;
    if (operation.op === 'blob.get') {
      this.#answers ??= new BlobAnswers(this.#options);
      this.#answers.take(operation);
      return true;
    }
    const isExpected = this.#asks?.taken(operation.n, operation.bytes) === true;
    this.#options.connection.discard(message);
    return isExpected;
  }

  /** False when that was not asked for. */
  refused(n: number, error: MeshError): boolean {
    return this.#asks?.refused(n, error) === true;
  }

  end(error: MeshError): void {
    this.#ended = error;
    this.#asks?.end(error);
    this.#answers?.end();
  }

  get #isKnown(): boolean {
    return this.#options.link.version >= blobVersion;
  }
}
