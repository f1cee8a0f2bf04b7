import {
  backoffMs,
  type Clock,
  codeOf,
  type ErrorCode,
  type Limits,
  type Logger,
  MeshError,
  type Random,
} from '#kernel';
import type { AgentId } from '#identity';
import type { Link } from '#link';
import { blobVersion } from '#protocol';
import type { BlobFiles } from './blob-files.ts';
import { BlobIntake } from './blob-intake.ts';
import type { BlobWindow } from './blob-window.ts';
import { FileKeepers } from './file-keepers.ts';
import type { WantedFile } from './wanted-file.ts';

/** What becomes of a file that is fetched. */
export interface FetchPorts {
  readonly files: BlobFiles;
  /** Stores that chunks from number `from` on are here. */
  keep(wanted: WantedFile, from: number, ids: readonly Uint8Array[]): Promise<void>;
  /** All chunks are here. Throws FILE_DAMAGED when they are not the ones that were announced. */
  arrived(wanted: WantedFile): Promise<void>;
  /** It will not come. */
  lost(wanted: WantedFile, code: ErrorCode): Promise<void>;
  /** There is news about it. */
  progress(wanted: WantedFile): void;
}

export interface FetchOptions {
  readonly ports: FetchPorts;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
}

export interface FileFetchOptions extends FetchOptions {
  readonly wanted: WantedFile;
  readonly window: BlobWindow;
  /** The link serves no more: closed, or of a version without files. */
  onUseless(link: Link): void;
  /** It may go on, or is over. */
  onChange(): void;
}

/** One file on its way here. What fails for a reason that may pass is tried again; what is here is not asked for again. */
export class FileFetch {
  readonly wanted: WantedFile;
  readonly #options: FileFetchOptions;
  #intake: BlobIntake | undefined;
  #have: number;
  /** Grows when what was asked for does not count any more. */
  #round = 0;
  /** What may be asked for before it is looked again whether the disk has room. */
  #uncheckedBytes = 0;
  #failures = 0;
  #damages = 0;
  #notBefore = 0;
  readonly #keepers: FileKeepers;
  /** Over which bytes come now. */
  #way: Link | undefined;
  #reason: ErrorCode | undefined;
  #isSettling = false;
  /** Never rejects. */
  #settling: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(options: FileFetchOptions) {
    this.#options = options;
    this.wanted = options.wanted;
    this.#have = options.wanted.row.have;
    this.#keepers = new FileKeepers(options);
  }

  /** Nothing is left to do: it is here, or it will not come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Why it does not go on although it is wanted. */
  get reason(): ErrorCode | undefined {
    return this.#reason;
  }

  /** Chunks that are here for good. */
  get have(): number {
    return this.#intake?.have ?? this.#have;
  }

  /** Sealed bytes to ask for; a file that was not opened counts as a whole. */
  get left(): number {
    return this.#intake?.left ?? this.wanted.row.size + 1;
  }

  get isMidChunk(): boolean {
    return this.#intake?.isMidChunk === true && this.left > 0;
  }

  /** The link to ask over now: the one in use, or else the first that may be tried. Undefined while it cannot go on. */
  wayOf(links: readonly Link[]): Link | undefined {
    if (this.#isOver || this.#isSettling || this.left <= 0) return undefined;
    const now = this.#options.clock.monotonic();
    const open = links.filter((link) => this.#dueAt(link) <= now);
    return open.find((link) => link === this.#way) ?? open[0];
  }

  /** When it may be tried again over one of the links, by the monotonic clock. */
  dueAt(links: readonly Link[]): number {
    return links.length === 0 ? this.#notBefore : Math.min(...links.map((link) => this.#dueAt(link)));
  }

  /** Asks for the next bytes over the link. Returns when the next ask may be made: answers are taken as they come. Never rejects. */
  async advance(link: Link): Promise<void> {
    // What was asked for on another way must not come between.
    if (this.#way !== link) this.#startOver();
    this.#way = link;
    const round = this.#round;
    try {
      if (link.version < blobVersion) throw new MeshError('PEER_TOO_OLD');
      if (this.#uncheckedBytes <= 0) await this.#checkDisk();
      const intake = (this.#intake ??= await this.#open());
      if (intake.isReceived) this.#settle(() => this.#complete(intake));
      else await this.#ask(link, intake);
    } catch (error) {
      if (round === this.#round) this.#failed(error, link);
    }
  }

  /** What was received is on the disk when it resolves, and nobody is told anything more. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#round += 1;
    await this.#closeIntake();
    await this.#settling;
  }

  #dueAt({ keeper }: Link): number {
    return Math.max(this.#notBefore, keeper === undefined ? 0 : this.#keepers.dueAt(keeper));
  }

  #startOver(): void {
    this.#round += 1;
    this.#intake?.forgetAsked();
  }

  /** Room that messages need is not filled with files. */
  async #checkDisk(): Promise<void> {
    const { ports, limits } = this.#options;
    if ((await ports.files.freeBytes()) >= limits.keepFreeDiskBytes) {
      this.#uncheckedBytes = limits.blobSyncBytes;
      return;
    }
    throw new MeshError('STORE_FULL', `Files leave keepFreeDiskBytes ${limits.keepFreeDiskBytes} of the disk free`);
  }

  async #open(): Promise<BlobIntake> {
    const { ports, clock, limits } = this.#options;
    const { row, attachment } = this.wanted;
    if (row.data === undefined) throw new MeshError('FILE_GONE');
    const file = (await ports.files.open(row.data)) ?? (await ports.files.create(row.data));
    const intake = await BlobIntake.open({
      file,
      attachment,
      have: this.#have,
      clock,
      limits,
      keep: async (from, ids) => {
        await ports.keep(this.wanted, from, ids);
        this.#have = from + ids.length;
        ports.progress(this.wanted);
      },
      onFailure: (error) => {
        this.#failed(error);
        void this.#closeIntake();
      },
    });
    if (!this.#isOver) return intake;
    await intake.close();
    throw new MeshError('SHUTTING_DOWN');
  }

  async #ask(link: Link, intake: BlobIntake): Promise<void> {
    const { window } = this.#options;
    const round = this.#round;
    await intake.room();
    if (this.#intake !== intake) return;
    const part = intake.nextAsk(window.askBytes);
    if (part === undefined) return;
    if (!(await window.take(part.bytes))) return;
    if (round !== this.#round) {
      // What failed meanwhile begins anew, this part included.
      intake.forgetAsked();
      window.giveBack(part.bytes);
      return;
    }
    this.#uncheckedBytes -= part.bytes;
    let left = part.bytes;
    const onPiece = (bytes: Uint8Array): void => {
      left -= bytes.length;
      window.arrived(bytes.length);
      if (round === this.#round) this.#take(intake, bytes, link);
    };
    link.getBlob({ blob: this.wanted.attachment.blob, ...part, have: intake.have }, onPiece).catch((error: unknown) => {
      window.giveBack(left);
      if (round === this.#round) this.#failed(error, link);
    });
  }

  #take(intake: BlobIntake, bytes: Uint8Array, { keeper }: Link): void {
    intake.take(bytes);
    this.#failures = 0;
    if (keeper !== undefined) this.#keepers.gave(keeper);
    this.#reason = undefined;
    if (intake.isReceived) this.#settle(() => this.#complete(intake));
  }

  async #complete(intake: BlobIntake): Promise<void> {
    await intake.settled();
    await this.#options.ports.arrived(this.wanted);
    this.#isOver = true;
    await this.#closeIntake();
  }

  async #lose(code: ErrorCode): Promise<void> {
    await this.#options.ports.lost(this.wanted, code);
    this.#isOver = true;
    await this.#closeIntake();
  }

  /** One end at a time; what cannot be stored is tried again by and by. */
  #settle(end: () => Promise<void>): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.#settling = end()
      .catch((error: unknown) => {
        // Each chunk that lies here is looked at when the file is opened again, and goes on from the first that is not good.
        if (codeOf(error) === 'FILE_DAMAGED') this.#have = 0;
        void this.#closeIntake();
        this.#isSettling = false;
        this.#failed(error);
      })
      .finally(() => {
        this.#isSettling = false;
        this.#options.onChange();
      });
  }

  /** `link` is the one that was asked; without it the failure is on this side. */
  #failed(error: unknown, link?: Link): void {
    if (this.#isOver) return;
    const code = codeOf(error);
    this.#startOver();
    if (link !== undefined && (code === 'LINK_CLOSED' || code === 'PEER_TOO_OLD')) this.#options.onUseless(link);
    if (link?.keeper !== undefined) this.#failedAt(link.keeper, code);
    else if (code === 'FILE_DAMAGED' && this.#keepers.blame()) this.#note(code, code);
    else this.#failedHere(code);
    this.#options.ports.progress(this.wanted);
    this.#options.onChange();
  }

  /** Only its sender can say that there is no such file: with who keeps it for others it may come yet, or come back. */
  #failedAt(keeper: AgentId, code: ErrorCode): void {
    if (code === 'LINK_CLOSED') return;
    this.#keepers.failed(keeper);
    this.#note(code, code === 'NOT_FOUND' ? undefined : code);
  }

  #failedHere(code: ErrorCode): void {
    if (code !== 'LINK_CLOSED') this.#retryLater(code);
    if (code === 'FILE_DAMAGED') this.#damages += 1;
    if (this.#damages >= this.#options.limits.maxBlobDamages) this.#settle(() => this.#lose('FILE_DAMAGED'));
    else if (code === 'NOT_FOUND' || code === 'FILE_GONE') this.#settle(() => this.#lose('FILE_GONE'));
  }

  #retryLater(code: ErrorCode): void {
    const { clock, random, limits } = this.#options;
    this.#failures += 1;
    const pace = { firstMs: limits.blobRetryMs, maxMs: limits.blobMaxRetryMs };
    this.#notBefore = clock.monotonic() + backoffMs(pace, this.#failures, random);
    this.#note(code, code);
  }

  #note(code: ErrorCode, reason: ErrorCode | undefined): void {
    this.#reason = reason;
    const { no, message, agent } = this.wanted.row;
    this.#options.logger.info('file.interrupted', { agent, file: no, message, code });
  }

  /** What could not be written is read again from the disk later: only that says what is there. */
  async #closeIntake(): Promise<void> {
    const intake = this.#intake;
    this.#intake = undefined;
    await intake?.close().catch(() => undefined);
  }
}
