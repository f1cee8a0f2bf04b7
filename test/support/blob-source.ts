import { type ErrorCode, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { BlobAsk, FrameOutcome, Link } from '#link';

const closed = (): Promise<never> => Promise.reject(new MeshError('LINK_CLOSED'));

/** The far end of a link that has one blob, and gives it as the test says. */
export class BlobSource implements Link {
  readonly local: AgentId = 'did:key:z6MkBob';
  readonly remote = { agentId: 'did:key:z6MkAlice' as AgentId, rotations: [] };
  readonly route = 'test';
  readonly version: number;
  /** Set when it is not the sender that has the blob. */
  keeper?: AgentId;
  readonly closed = new Promise<undefined>(() => {});
  /** What was asked for, in order. */
  readonly asks: BlobAsk[] = [];
  /** How many bytes were given. */
  given = 0;
  pieceBytes = 100;
  /** Bytes that it gives before the link breaks. */
  givesUntil = Number.POSITIVE_INFINITY;
  /** After so many bytes it gives nothing until this is raised. */
  holdsAt = Number.POSITIVE_INFINITY;
  refusal: ErrorCode | undefined;
  /** Bytes of the blob that come changed, each once. */
  readonly spoils: number[] = [];
  /** The most that was asked for and not given. */
  mostOpen = 0;
  #openBytes = 0;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #blobs: ReadonlyMap<string, Uint8Array>;
  #isUp = true;

  constructor(blobs: Iterable<readonly [Uint8Array, Uint8Array]>, version = 2) {
    this.#blobs = new Map([...blobs].map(([blob, bytes]) => [keyOf(blob), bytes]));
    this.version = version;
  }

  async getBlob(ask: BlobAsk, onPiece: (bytes: Uint8Array) => void): Promise<void> {
    this.asks.push(ask);
    this.#openBytes += ask.bytes;
    this.mostOpen = Math.max(this.mostOpen, this.#openBytes);
    const answer = this.#queue.then(() => this.#give(ask, onPiece));
    this.#queue = answer.catch(() => undefined);
    try {
      await answer;
    } finally {
      this.#openBytes -= ask.bytes;
    }
  }

  close(): void {
    this.#isUp = false;
  }

  sendFrame = (): Promise<FrameOutcome> => closed();
  ask = (): Promise<never> => Promise.reject(new MeshError('PEER_TOO_OLD'));
  ack(): void {}
  getCard = (): Promise<Uint8Array> => closed();
  takeKeyPackage = (): Promise<Uint8Array> => closed();
  ping = (): Promise<number> => closed();
  grant(): void {}

  async #give({ blob, offset, bytes }: BlobAsk, onPiece: (bytes: Uint8Array) => void): Promise<void> {
    const all = this.#blobs.get(keyOf(blob));
    if (this.refusal !== undefined) throw new MeshError(this.refusal);
    if (all === undefined) throw new MeshError('NOT_FOUND');
    for (let at = offset; at < offset + bytes; at += this.pieceBytes) {
      await Promise.resolve();
      while (this.given >= this.holdsAt) await new Promise<void>((resolve) => setImmediate(resolve));
      const piece = all.slice(at, Math.min(at + this.pieceBytes, offset + bytes));
      if (this.given + piece.length > this.givesUntil) this.close();
      if (!this.#isUp) throw new MeshError('LINK_CLOSED');
      this.given += piece.length;
      for (const spoilt of this.spoils.filter((one) => one >= at && one < at + piece.length)) {
        piece[spoilt - at] = (piece[spoilt - at] ?? 0) ^ 1;
        this.spoils.splice(this.spoils.indexOf(spoilt), 1);
      }
      onPiece(piece);
    }
  }
}

const keyOf = (blob: Uint8Array): string => Buffer.from(blob).toString('hex');
