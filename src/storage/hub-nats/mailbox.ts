import { concatBytes } from '#kernel';
import type { AgentId } from '#identity';
import type { Appended, NewMail } from '#hub';
import type { FrameCache } from './frame-cache.ts';
import { GoneLog, goneAtOnce } from './gone-log.ts';
import type { HubCore } from './hub-core.ts';
import { shardOf } from './layout.ts';
import { endMeta, framesMeta, itemOf, seqOf, waitingIn, type WaitingMail } from './mail-records.ts';
import { MailboxState, Pending } from './mailbox-state.ts';
import { type LogRecord, SubjectLog } from './subject-log.ts';

/** So much of a message is for headers and for what JetStream adds. */
const reservedBytes = 128 * 1024;
/** Space is given back when there is so much of it, and by the sweep. */
const bytesNotGivenBack = 256 * 1024;
const bytesOfHeaders = 256;

interface Asked {
  readonly mails: readonly NewMail[];
  readonly answer: PromiseWithResolvers<readonly Told[]>;
}

type Told =
  | Exclude<Appended, { kind: 'stored' }>
  | { readonly kind: 'stored'; readonly at: number; readonly isNew: boolean };

export interface MailboxParts {
  readonly core: HubCore;
  readonly cache: FrameCache;
}

/**
 * One mailbox, as one process knows it. Frames are records of one subject, appended behind everything that this process has seen. Removal is
 * told in a second subject: those messages only ever add to what is gone, so they need no order between processes, and doubled ones do no
 * harm. A removal counts from its message on; giving the space back comes after and may be left out. The last record stays, so that the end
 * of the subject is never mistaken for an empty mailbox.
 */
export class Mailbox {
  readonly state = new MailboxState();
  readonly #parts: MailboxParts;
  readonly #box: string;
  readonly #stream: string;
  readonly #log: SubjectLog;
  readonly #gone: GoneLog;
  #asked: Asked[] = [];
  #flushing: Promise<void> | undefined;
  /** Records below are given back, or will be by somebody. */
  #purgedBelow = 0;
  #toGiveBack = 0;

  constructor(box: string, parts: MailboxParts) {
    const { client, layout, replicas } = parts.core;
    this.#box = box;
    this.#parts = parts;
    this.#stream = layout.mailStream(shardOf(box));
    const place = { stream: this.#stream, subject: layout.frameSubject(box), headersOnly: true, replicas };
    this.#log = new SubjectLog(client, place, (record) => this.#take(record));
    this.#gone = new GoneLog(client, { stream: this.#stream, subject: layout.goneSubject(box) }, this.state);
  }

  /** Frames first, then what is gone: a frame that was removed meanwhile is then known by its removal. */
  async load(): Promise<this> {
    this.#log.startBehind(seqOf(await this.#gone.lastUpTo()));
    await this.refresh();
    return this;
  }

  async refresh(): Promise<void> {
    await this.#log.refresh();
    await this.#gone.refresh();
  }

  /** What came through other processes. */
  async refreshFrames(): Promise<void> {
    await this.#log.refresh();
  }

  /** Nothing was ever put into it. */
  get isUntouched(): boolean {
    return this.#log.end === 0;
  }

  /** Nothing of it is on its way. */
  get isIdle(): boolean {
    return this.#flushing === undefined;
  }

  /** 'ended' where the mailbox was joined to another meanwhile. */
  async append(mails: readonly NewMail[]): Promise<readonly Told[]> {
    const answer = Promise.withResolvers<readonly Told[]>();
    this.#asked.push({ mails, answer });
    this.#flushing ??= this.#log.serial.run(() => this.#flush()).finally(() => (this.#flushing = undefined));
    await this.#flushing.catch(() => {});
    return await answer.promise;
  }

  /** Frames of another mailbox, whatever the bounds; those that are known here are left out. */
  async copy(mails: readonly (WaitingMail & { readonly frame: Uint8Array })[]): Promise<void> {
    await this.#log.serial.run(() =>
      this.#log.decide(async () => {
        const pending = new Pending(this.#maxRecordBytes);
        for (const mail of mails) {
          if (this.state.seenAt(mail.key) !== undefined) continue;
          if (!pending.canHold(mail.size)) break;
          pending.add(mail, mail.frame);
        }
        if (pending.items.length === 0) return { done: undefined };
        await this.#log.append(framesMeta(pending.items), concatBytes(...pending.frames));
        return undefined;
      }),
    );
  }

  /** Nothing is taken after it. */
  async end(): Promise<void> {
    await this.#log.serial.run(() =>
      this.#log.decide(async () => {
        if (this.state.isEnded) return { done: undefined };
        return (await this.#log.append(endMeta, new Uint8Array())) === undefined ? undefined : { done: undefined };
      }),
    );
  }

  async ack(upTo: number): Promise<number> {
    return await this.#log.serial.run(async () => {
      const gone = [...this.#upTo(upTo)];
      for (let start = 0; start < gone.length; start += goneAtOnce) {
        const part = gone.slice(start, start + goneAtOnce);
        await this.#gone.tell({ upTo: part.at(-1)?.cursor ?? 0, single: [] });
        for (const { size } of part) this.#toGiveBack += size + bytesOfHeaders;
      }
      if (this.#toGiveBack > bytesNotGivenBack) await this.giveBack();
      return gone.length;
    });
  }

  /** Removes what has expired; how many frames. */
  async expire(now: number): Promise<number> {
    return await this.#log.serial.run(async () => {
      const gone = [...this.state.waiting.values()].filter(({ expiresAt }) => expiresAt <= now).slice(0, goneAtOnce);
      if (gone.length === 0) return 0;
      const single = gone.map(({ cursor }) => cursor);
      await this.#gone.tell({ upTo: this.state.upToWithout(single), single });
      const { client } = this.#parts.core;
      const empty = this.state.emptyRecords();
      for (const seq of new Set(single.map(seqOf)))
        if (empty.has(seq) && seq < this.#log.end) await client.remove(this.#stream, seq);
      await this.giveBack();
      return gone.length;
    });
  }

  /** Many messages about removed frames become one. */
  async tidy(): Promise<void> {
    if (this.#gone.isLong) await this.#log.serial.run(() => this.#gone.join());
  }

  /** The bytes of frames; without those that are gone meanwhile. */
  async frames(mails: readonly WaitingMail[]): Promise<(WaitingMail & { readonly frame: Uint8Array })[]> {
    const found = await Promise.all(
      mails.map(async (mail) => {
        const data = await this.#dataOf(seqOf(mail.cursor));
        return data && { ...mail, frame: data.slice(mail.offset, mail.offset + mail.size) };
      }),
    );
    const here = found.filter((mail) => mail !== undefined);
    if (here.length < found.length) await this.#gone.refresh();
    return here;
  }

  *#upTo(cursor: number): Generator<WaitingMail> {
    for (const mail of this.state.waiting.values()) {
      if (mail.cursor > cursor) return;
      yield mail;
    }
  }

  #take({ seq, meta }: LogRecord): void {
    if (meta['kind'] === 'end') this.state.isEnded = true;
    else this.state.add(waitingIn(seq, meta));
  }

  async #dataOf(seq: number): Promise<Uint8Array | undefined> {
    const { cache, core } = this.#parts;
    return await cache.get(`${this.#stream} ${seq}`, async () => (await core.client.at(this.#stream, seq))?.data);
  }

  async #flush(): Promise<void> {
    let asked: readonly Asked[] = [];
    try {
      while (this.#asked.length > 0) {
        asked = this.#asked;
        this.#asked = [];
        await this.#store(asked);
      }
    } catch (error) {
      for (const { answer } of [...asked, ...this.#asked.splice(0)]) answer.reject(error);
    }
  }

  /** Decides by what is known, and asks other processes' records only when that leaves something out or the write met them. */
  async #store(asked: readonly Asked[]): Promise<void> {
    const told = asked.map((): Told[] => []);
    let isFresh = false;
    await this.#log.decide(async () => {
      const { pending, isFull, drafts } = this.#draft(asked, told);
      if (isFull && !isFresh) {
        await this.refresh();
        isFresh = true;
        return undefined;
      }
      if (pending.items.length > 0) {
        const data = concatBytes(...pending.frames);
        const seq = await this.#log.append(framesMeta(pending.items), data);
        if (seq === undefined) {
          // What was removed elsewhere since is to be known, too, before anything is taken for new.
          await this.#gone.refresh();
          return undefined;
        }
        this.#parts.cache.keep(`${this.#stream} ${seq}`, data);
      }
      for (const [index, draft] of drafts.entries()) told[index]?.push(...draft);
      const isDone = asked.every(({ mails }, index) => told[index]?.length === mails.length);
      isFresh = false;
      return isDone ? { done: undefined } : undefined;
    });
    for (const [index, { answer }] of asked.entries()) answer.resolve(told[index] ?? []);
  }

  /** As many of the mails that nothing was said of as one record holds, in their order. */
  #draft(asked: readonly Asked[], told: readonly (readonly Told[])[]): Draft {
    const pending = new Pending(this.#maxRecordBytes);
    const drafts: Told[][] = asked.map(() => []);
    let isFull = false;
    for (const [index, { mails }] of asked.entries()) {
      const before = told[index] ?? [];
      let hasRoom = !before.some(({ kind }) => kind === 'full');
      for (const mail of mails.slice(before.length)) {
        if (!pending.canHold(mail.frame.length)) return { pending, drafts, isFull };
        const one = this.#decide(mail, pending, hasRoom);
        if (one.kind === 'full') [hasRoom, isFull] = [false, true];
        drafts[index]?.push(one);
      }
    }
    return { pending, drafts, isFull };
  }

  #decide(mail: NewMail, pending: Pending, hasRoom: boolean): Told {
    if (this.state.isEnded) return { kind: 'unknown' };
    if (!hasRoom) return { kind: 'full' };
    const item = itemOf(mail);
    const before = this.state.seenAt(item.key) ?? pending.atOf(item.key);
    if (before !== undefined) return { kind: 'stored', at: before, isNew: false };
    if (!this.state.hasRoom(item, mail.bounds, pending)) return { kind: 'full' };
    pending.add(item, mail.frame);
    return { kind: 'stored', at: mail.at, isNew: true };
  }

  get #maxRecordBytes(): number {
    return Math.max(1, (this.#parts.core.client.connection.info?.max_payload ?? 0) - reservedBytes) / 2;
  }

  /** Everything up to the first record that holds something, but for the last one: where it is much, or all that is left to do. */
  async giveBack(): Promise<void> {
    const { client, layout } = this.#parts.core;
    const below = this.state.firstSeq ?? this.#log.end;
    this.#toGiveBack = 0;
    if (below <= this.#purgedBelow) return;
    this.#purgedBelow = below;
    // Another process, or the next load, does it when this fails.
    await client.purge(this.#stream, layout.frameSubject(this.#box), below).catch(discard);
  }
}

const discard = (): void => {};

interface Draft {
  readonly pending: Pending;
  readonly drafts: readonly Told[][];
  readonly isFull: boolean;
}

/** Whose mail it was is in the directory. */
export const withOwner = (told: Told, owner: AgentId): Appended => (told.kind === 'stored' ? { ...told, owner } : told);
