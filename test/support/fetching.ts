import { defaultLimits, equalBytes, type ErrorCode, type Limits, MeshError, silentLogger, systemRandom } from '#kernel';
import { FileFetcher, type FileRow, FileSealer, type WantedFile } from '#delivery';
import type { Link } from '#link';
import { BlobIdMaker, blobShape, type MessageId } from '#protocol';
import { ManualClock } from './manual-clock.ts';
import { MemoryBlobs } from './memory-blobs.ts';
import { until } from './story.ts';

/** Chunks of 1000 bytes, asked for in parts of 250. */
export const smallLimits: Limits = {
  ...defaultLimits,
  blobChunkBytes: 1000,
  blobAskBytes: 250,
  minBlobWindowBytes: 1000,
  maxBlobWindowBytes: 4000,
  blobSyncBytes: 3000,
  keepFreeDiskBytes: 0,
};

/** A file as its sender sealed it. */
export interface Sent {
  readonly wanted: WantedFile;
  readonly blob: Uint8Array;
  readonly sealed: Uint8Array;
}

/** A file of `size` bytes that is to come; `no` names it. */
export async function sentFile(no: number, size: number): Promise<Sent> {
  const files = new MemoryBlobs();
  const sealer = await FileSealer.begin({
    files,
    data: 'd',
    random: systemRandom,
    limits: smallLimits,
    admit: () => {},
  });
  await sealer.write(Uint8Array.from({ length: size }, (_, at) => (at * 7 + no) % 256));
  const { blob, key } = await sealer.end();
  const row: FileRow = {
    no,
    agent: 'bob',
    peer: 'did:key:z6MkAlice',
    direction: 'in',
    message: `msg_${no}` as MessageId,
    place: 0,
    blob,
    size,
    state: 'open',
    have: 0,
    data: `data-${no}`,
    createdAt: 0,
    expiresAt: 1,
  };
  const attachment = { kind: 'blob', name: 'n', mediaType: 'a/b', size, blob, key } as const;
  return { wanted: { row, attachment }, blob, sealed: files.bytesOf('d') };
}

/** One receiver of files, with a store of its own; the test gives it links, and can end and begin it anew. */
export class Receiver {
  readonly clock = new ManualClock();
  blobs = new MemoryBlobs();
  links: readonly Link[] = [];
  /** Files that came, by number, in order. */
  readonly arrived: number[] = [];
  readonly lost: (readonly [number, ErrorCode])[] = [];
  /** Ids of chunks that are stored as being here. */
  readonly chunks = new Map<number, Uint8Array[]>();
  /** Sealed bytes that were on the disk when the chunks were counted. */
  readonly countedTo: number[] = [];
  /** Of the next transactions: fails them. */
  keepFails: ErrorCode | undefined;
  /** A file that is here whole is stored as such after this. */
  beforeArrived: Promise<void> | undefined;
  /** How often there was news. */
  news = 0;
  fetcher: FileFetcher;
  readonly #wanted: WantedFile[] = [];

  constructor() {
    this.fetcher = this.#begin();
  }

  want(...files: readonly Sent[]): void {
    this.#wanted.push(...files.map(({ wanted }) => wanted));
    this.fetcher.wake();
  }

  use(...links: readonly Link[]): void {
    this.links = links;
    this.fetcher.wake();
  }

  /** The process was killed; another one goes on with its disk. */
  restart(disk = this.blobs.afterCrash()): void {
    void this.fetcher.close();
    this.blobs = disk;
    this.links = [];
    this.fetcher = this.#begin();
  }

  /** Resolves when all that was wanted came or is lost. */
  async settled(count = this.#wanted.length): Promise<void> {
    await until(() => this.arrived.length + this.lost.length >= count);
  }

  haveOf(no: number): number {
    return this.chunks.get(no)?.length ?? 0;
  }

  #begin(): FileFetcher {
    const { blobs } = this;
    return new FileFetcher({
      clock: this.clock,
      random: systemRandom,
      limits: smallLimits,
      logger: silentLogger,
      links: () => this.links,
      wanted: () => this.#open(),
      ports: {
        files: blobs,
        keep: async ({ row }, from, ids) => {
          if (this.keepFails !== undefined) throw new MeshError(this.keepFails);
          this.countedTo.push(blobs.syncedBytesOf(row.data ?? '') - (from + ids.length - 1) * 1016);
          this.chunks.set(row.no, [...(this.chunks.get(row.no) ?? []).slice(0, from), ...ids]);
        },
        arrived: async ({ row }) => {
          await this.beforeArrived;
          const maker = new BlobIdMaker();
          const ids = this.chunks.get(row.no) ?? [];
          for (const id of ids) maker.add(id);
          const isWhole = ids.length === blobShape(row.size, 1000).chunks && equalBytes(maker.end(), row.blob);
          if (!isWhole) throw new MeshError('FILE_DAMAGED');
          this.arrived.push(row.no);
        },
        lost: async ({ row }, code) => void this.lost.push([row.no, code]),
        progress: () => {
          this.news += 1;
        },
      },
    });
  }

  #open(): readonly WantedFile[] {
    const isOver = (no: number): boolean => this.arrived.includes(no) || this.lost.some(([one]) => one === no);
    const open = this.#wanted.filter(({ row }) => !isOver(row.no));
    return open.map(({ row, attachment }) => ({ row: { ...row, have: this.haveOf(row.no) }, attachment }));
  }
}
