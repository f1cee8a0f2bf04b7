import { type Clock, type ErrorCode, type Limits, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { Link } from '#link';
import { blobShape } from '#protocol';
import type { FileRow } from './file-store.ts';

export interface DepositOptions {
  readonly row: FileRow;
  /** To who keeps it from now on; it serves us as a member. */
  readonly link: Link;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'blobChunkBytes' | 'blobPieceBytes' | 'blobAskBytes' | 'blobWindowMs'>;
  /** Who may fetch it there. */
  reader(): AgentId;
  /** Fills the parts with sealed bytes from `offset` on. */
  read(
    row: FileRow,
    ask: { readonly offset: number; readonly bytes: number },
    parts: readonly Uint8Array[],
  ): Promise<void>;
}

/** One file on its way to somebody who keeps it for its receiver. What is there is asked first, and after each failure: nobody else knows. */
export class Deposit {
  readonly link: Link;
  readonly sealedBytes: number;
  /** Why it does not go on. */
  reason: ErrorCode | undefined;
  readonly #options: DepositOptions;
  #have: number | undefined;
  #askedAt = 0;
  #stepBytes: number;

  constructor(options: DepositOptions) {
    this.#options = options;
    this.link = options.link;
    this.sealedBytes = blobShape(options.row.size, options.limits.blobChunkBytes).sealedBytes;
    this.#stepBytes = options.limits.blobPieceBytes;
  }

  /** Sealed bytes that are there, as was said last. */
  get have(): number {
    return this.#have ?? 0;
  }

  get left(): number {
    return this.sealedBytes - this.have;
  }

  get isThere(): boolean {
    return this.#have === this.sealedBytes;
  }

  /** When the keeper said last what it has, by the monotonic clock. */
  get askedAt(): number {
    return this.#askedAt;
  }

  /** It may be gone: that is asked next. */
  doubt(): void {
    this.#have = undefined;
  }

  /** The next bytes; about as many as went in the last quarter of a second, so that no frame waits longer behind them. Throws what is refused. */
  async advance(): Promise<void> {
    const from = this.#have;
    this.#have = undefined;
    if (from === undefined) {
      this.#said(await this.#put({ offset: 0 }));
      return;
    }
    const { clock, limits } = this.#options;
    const bytes = Math.min(this.#stepBytes, this.sealedBytes - from);
    const parts = await this.#read(from, bytes);
    const startedAt = clock.monotonic();
    const told = await Promise.all(
      parts.map((part, index) => this.#put({ offset: from + index * limits.blobPieceBytes, bytes: part })),
    );
    const elapsedMs = Math.max(1, clock.monotonic() - startedAt);
    this.#stepBytes = this.#within((bytes / elapsedMs) * limits.blobWindowMs);
    const have = told.at(-1) ?? 0;
    this.#said(have);
    if (have < from + bytes) throw new MeshError('FILE_INCOMPLETE', `${have} of ${from + bytes} bytes are there`);
  }

  #said(have: number): void {
    this.#have = Math.min(have, this.sealedBytes);
    this.#askedAt = this.#options.clock.monotonic();
  }

  async #put(piece: { readonly offset: number; readonly bytes?: Uint8Array }): Promise<number> {
    const { row, reader } = this.#options;
    const question = { op: 'blob.put', blob: row.blob, to: [reader()], size: this.sealedBytes, ...piece } as const;
    const { have } = await this.link.ask(question);
    if (have === undefined) throw new MeshError('MALFORMED', 'The hub does not say how much of the file it has');
    return have;
  }

  async #read(offset: number, bytes: number): Promise<readonly Uint8Array[]> {
    const { limits, read, row } = this.#options;
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes; at += limits.blobPieceBytes)
      parts.push(new Uint8Array(Math.min(limits.blobPieceBytes, bytes - at)));
    await read(row, { offset, bytes }, parts);
    return parts;
  }

  #within(bytes: number): number {
    const { blobPieceBytes, blobAskBytes } = this.#options.limits;
    return Math.max(1, Math.floor(Math.min(bytes, blobAskBytes) / blobPieceBytes)) * blobPieceBytes;
  }
}
