import { codeOf, type ErrorCode, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { type BlobFiles, type FileRow, FileServer, StoredFile } from '#delivery';
import type { BlobAsk } from '#link';
import { endFiles, endFilesOver, type Lane, type PipelineEvent, type PipelinePorts } from '#pipeline';
import { type BlobAttachment, blobShape } from '#protocol';
import { admitFrame, type Contact } from '#trust';
import type { HubDesk } from './hubs/hub-desk.ts';
import { LaneFiles } from './lane-files.ts';
import { Uploads } from './uploads.ts';

export interface FileDeskOptions {
  readonly agent: string;
  readonly ports: PipelinePorts;
  readonly blobFiles: BlobFiles;
  lanes(): readonly Lane[];
  laneOf(peer: AgentId): Lane;
  hubs(): HubDesk;
}

/** What is known of a file now: with what happened since it was stored. */
export interface FileStatus {
  /** Chunks. */
  readonly have: number;
  /** Who keeps it for its receiver, and how many sealed bytes of it. */
  readonly kept?: { readonly by: AgentId; readonly bytes: number };
  /** Why it does not go on. */
  readonly reason?: ErrorCode;
}

const maxLooked = 10_000;

/** The files of one agent: those that come in are fetched, those that went out are given to whom they were sent, and what nobody needs goes. */
export class FileDesk {
  readonly uploads: Uploads;
  readonly #options: FileDeskOptions;
  readonly #server: FileServer;
  readonly #ofLanes = new Map<Lane, LaneFiles>();
  /** What receivers said of files since that was told last. */
  readonly #said = new Map<number, { readonly have: number; readonly at: number }>();
  readonly #toldAt = new Map<number, number>();
  /** What was there when nothing ran yet. */
  #found: readonly string[] = [];

  constructor(options: FileDeskOptions) {
    const { ports, blobFiles, agent } = options;
    this.#options = options;
    this.#server = new FileServer({ files: blobFiles, limits: ports.limits });
    this.uploads = new Uploads({ ...ports, agent, blobFiles });
  }

  /** Before anything runs: what lies there is of an earlier life. */
  async look(): Promise<void> {
    this.#found = await this.#options.blobFiles.list();
  }

  /** Goes on with what was under way. Bytes that no file needs were left by a crash. Never rejects. */
  async start(): Promise<void> {
    const { agent, ports } = this.#options;
    for (const lane of this.#options.lanes()) this.wake(lane);
    try {
      await this.#prune(Number.MAX_SAFE_INTEGER);
      const names = ports.store.read.files.dataNames(agent);
      for (const name of this.#found) if (!names.has(name)) await this.#remove(name);
      this.#found = [];
    } catch (error) {
      // Leftovers stay until the next start.
      ports.logger.error('files.not-looked-over', { agent, code: codeOf(error) });
    }
  }

  async stop(): Promise<void> {
    await this.uploads.close();
    await Promise.all([...this.#ofLanes.values()].map((files) => files.close()));
    this.#ofLanes.clear();
    await this.#server.close();
  }

  /** There may be a file to fetch from the peer of the lane or to put somewhere for it, or a way to do so. */
  wake(lane: Lane): void {
    if (this.#ofLanes.has(lane) || LaneFiles.isNeeded(lane)) this.#filesOf(lane).wake();
  }

  async forget(lane: Lane): Promise<void> {
    const files = this.#ofLanes.get(lane);
    this.#ofLanes.delete(lane);
    await files?.close();
  }

  /** Sealed bytes for a peer that asks. Throws NOT_TRUSTED, and NOT_FOUND for what was not sent to it. */
  async readBlob(peer: AgentId, ask: BlobAsk, parts: readonly Uint8Array[]): Promise<void> {
    const { agent, ports, laneOf } = this.#options;
    const { files, contacts } = ports.store.read;
    const refusal = admitFrame(contacts.byAgentId(agent, peer));
    if (refusal !== undefined) throw new MeshError(refusal);
    const row = files.offered(agent, peer, ask.blob);
    if (row === undefined)
      throw new MeshError('NOT_FOUND', 'No such file was sent to this peer, or it is not needed any more');
    await this.#server.read(row, ask, parts);
    this.#note(laneOf(peer), row, ask.have);
  }

  /** After events of the pipeline were told. */
  notice(event: PipelineEvent): void {
    if (event.type === 'received') this.#wakePeer(event.peer);
    if (event.type === 'file' && event.dropped !== undefined) void this.#remove(event.dropped);
    if (event.type === 'file' && event.file.state !== 'open') this.#settled(event.peer, event.file);
    if (event.type === 'state') this.#stepped(event);
    if (event.type === 'contact') void this.#endOver(event.contact);
  }

  statusOf(row: FileRow): FileStatus {
    const lane = this.#laneWith(row.peer);
    const files = lane && this.#ofLanes.get(lane);
    if (row.direction === 'out') return this.#statusOut(row, files);
    const { fetcher } = files ?? {};
    const reason = fetcher?.reasonOf(row.no);
    return { have: Math.max(row.have, fetcher?.haveOf(row.no) ?? 0), ...(reason === undefined ? {} : { reason }) };
  }

  #statusOut(row: FileRow, files: LaneFiles | undefined): FileStatus {
    const have = Math.max(row.have, this.#said.get(row.no)?.have ?? 0);
    const { keeper, have: bytes = 0, isThere } = files?.depositOf(row.no) ?? {};
    const reason = isThere === true || row.state !== 'open' ? undefined : files?.reasonOf(row.no);
    return {
      have,
      ...(keeper === undefined || bytes === 0 ? {} : { kept: { by: keeper, bytes } }),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  /** A file that is here, to be read; close it. Throws FILE_INCOMPLETE, FILE_GONE. */
  async openFile(row: FileRow, attachment: BlobAttachment): Promise<StoredFile> {
    if (row.direction === 'in' && row.state === 'open')
      throw new MeshError('FILE_INCOMPLETE', 'The file is still on its way');
    const file =
      row.data === undefined || row.state === 'ended' ? undefined : await this.#options.blobFiles.open(row.data);
    if (file !== undefined) return new StoredFile(file, attachment, this.#options.ports.limits);
    throw new MeshError(
      'FILE_GONE',
      row.state === 'ended' ? `The file did not come: ${row.reason ?? 'INTERNAL'}` : undefined,
    );
  }

  /** Its bytes are not kept any more. Throws WRONG_STATE while it is on its way. */
  async removeFile(row: FileRow): Promise<void> {
    if (row.state === 'open') throw new MeshError('WRONG_STATE', 'The file is still on its way');
    const dropped = await this.#options.ports.store.transact((tx) => tx.files.dropData(row.no));
    if (dropped !== undefined) await this.#remove(dropped);
  }

  /** What has to happen now and then. */
  async upkeep(): Promise<void> {
    const { agent, ports, laneOf } = this.#options;
    const open = ports.store.read.files.list({ agent, states: ['open'], limit: maxLooked });
    for (const peer of new Set(open.map((row) => row.peer))) {
      const lane = laneOf(peer);
      await endFilesOver(lane);
      this.wake(lane);
    }
    await this.uploads.dropIdle();
  }

  /** Files go with their messages. */
  async prune(): Promise<void> {
    const { clock, limits } = this.#options.ports;
    await this.#prune(clock.now() - limits.retentionMs);
  }

  /** Bytes that were sealed for a message that was not accepted. */
  async removeUnused(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#remove(name);
  }

  #filesOf(lane: Lane): LaneFiles {
    const known = this.#ofLanes.get(lane);
    if (known !== undefined) return known;
    const { ports, blobFiles, hubs } = this.#options;
    const tell = (no: number): void => this.#tell(lane, no);
    const files = new LaneFiles({ lane, ports, blobFiles, server: this.#server, hubs: hubs(), tell });
    this.#ofLanes.set(lane, files);
    return files;
  }

  #laneWith(peer: AgentId): Lane | undefined {
    return this.#options.lanes().find((lane) => lane.peer === peer);
  }

  #wakePeer(peer: AgentId): void {
    const lane = this.#laneWith(peer);
    if (lane !== undefined) this.wake(lane);
  }

  #settled(peer: AgentId, row: FileRow): void {
    this.#said.delete(row.no);
    const lane = this.#laneWith(peer);
    if (lane !== undefined && row.direction === 'out') void this.#ofLanes.get(lane)?.settled(row);
  }

  #stepped(event: Extract<PipelineEvent, { type: 'state' }>): void {
    const { peer, step } = event;
    void this.#endWith(event);
    // What its files are put with the hub for.
    if (step !== 'sent' && step !== 'stored') return;
    const lane = this.#laneWith(peer);
    if (lane?.courier.link?.keeper !== undefined) this.wake(lane);
  }

  /** What the receiver says that it has; kept now and then, told now and then. */
  #note(lane: Lane, row: FileRow, have: number): void {
    const { clock, limits } = this.#options.ports;
    const { chunks } = blobShape(row.size, limits.blobChunkBytes);
    const known = this.#said.get(row.no);
    if (
      row.state !== 'open' ||
      have > chunks ||
      have < (known?.have ?? row.have) ||
      (known === undefined && have === 0)
    ) {
      if (known === undefined) this.#tell(lane, row.no);
      return;
    }
    const isDue = clock.monotonic() - (known?.at ?? -Infinity) >= limits.fileProgressMs;
    this.#said.set(row.no, { have, at: isDue ? clock.monotonic() : (known?.at ?? 0) });
    if (!isDue) return;
    lane.deferred.add((tx) => tx.files.noteHave(row.no, have));
    this.#tell(lane, row.no);
  }

  #tell(lane: Lane, no: number): void {
    const { ports, agent } = this.#options;
    const now = ports.clock.monotonic();
    if (now - (this.#toldAt.get(no) ?? -Infinity) < ports.limits.fileProgressMs) return;
    const file = ports.store.read.files.file(no);
    if (file?.state !== 'open') {
      this.#toldAt.delete(no);
      return;
    }
    this.#toldAt.set(no, now);
    ports.emit({ type: 'file', agent, peer: lane.peer, file });
  }

  async #endWith({ peer, ids, state, reason }: Extract<PipelineEvent, { type: 'state' }>): Promise<void> {
    if (state !== 'refused' && state !== 'expired' && state !== 'cancelled') return;
    const lane = this.#options.lanes().find((one) => one.peer === peer);
    const why = reason ?? 'EXPIRED';
    try {
      if (lane !== undefined)
        await endFiles(
          lane,
          ids.map((message) => ({ message, reason: why })),
        );
    } catch (error) {
      // The upkeep does it again.
      this.#options.ports.logger.warn('files.not-ended', { agent: this.#options.agent, code: codeOf(error) });
    }
  }

  /** What waits for a contact that was removed or blocked is not kept. */
  async #endOver({ agentId, state }: Contact): Promise<void> {
    const lane = this.#options.lanes().find(({ peer }) => peer === agentId);
    if (lane === undefined || (state !== 'removed' && state !== 'blocked')) return;
    try {
      await endFilesOver(lane);
    } catch (error) {
      // The upkeep does it again.
      this.#options.ports.logger.warn('files.not-ended', { agent: this.#options.agent, code: codeOf(error) });
    }
  }

  async #prune(before: number): Promise<void> {
    const { ports, agent } = this.#options;
    const names = await ports.store.transact((tx) => tx.files.prune(agent, before));
    for (const name of names) await this.#remove(name);
  }

  /** Never rejects: what cannot be removed now is a leftover when the node starts again. */
  async #remove(data: string): Promise<void> {
    const { blobFiles, ports, agent } = this.#options;
    try {
      await this.#server.forget(data);
      await blobFiles.remove(data);
    } catch (error) {
      ports.logger.warn('file.not-removed', { agent, code: codeOf(error) });
    }
  }
}
