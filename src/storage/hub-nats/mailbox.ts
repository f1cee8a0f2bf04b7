import { concatBytes } from '#kernel';
import type { AgentId } from '#identity';
import type { Appended, NewMail } from '#hub';
import type { FrameCache } from './frame-cache.ts';
import { GoneLog, goneAtOnce } from './gone-log.ts';
import type { HubCore } from './hub-core.ts';
import { shardOf } from './layout.ts';
import { endMeta, framesMeta, seqOf, waitingIn, type WaitingMail } from './mail-records.ts';
import { type Asked, draftOf, type Told } from './mailbox-draft.ts';
import { MailboxState, Pending } from './mailbox-state.ts';
import { StaleState } from './nats-errors.ts';
import type { Stored } from './stored.ts';
import { type LogRecord, SubjectLog } from './subject-log.ts';

/** So much of a message is for headers and for what JetStream adds. */
const reservedBytes = 128 * 1024;
/** Space is given back when there is so much of it, and by the sweep. */
const bytesNotGivenBack = 256 * 1024;
const bytesOfHeaders = 256;

interface Question extends Asked {
  readonly answer: PromiseWithResolvers<readonly Told[]>;
}

export interface MailboxParts {
  readonly core: HubCore;
  readonly cache: FrameCache;
  /** It is read anew because frames were missing: those that are missing still are lost. */
  readonly isReread?: boolean;
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
  #asked: Question[] = [];
  #flushing: Promise<void> | undefined;
  /** Records below are given back, or will be by somebody. */
  #purgedBelow = 0;
  #isReread: boolean;
  #toGiveBack = 0;

  constructor(box: string, parts: MailboxParts) {
    const { client, layout, replicas } = parts.core;
    this.#box = box;
    this.#parts = parts;
    this.#isReread = parts.isReread ?? false;
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
      await this.#drop(gone);
      await this.giveBack();
      return gone.length;
    });
  }

  /** Removes what says nothing; many messages about removed frames become one. */
  async tidy(): Promise<void> {
    await this.#log.serial.run(async () => {
      await this.#log.removeGarbled();
      if (this.#gone.isLong) await this.#gone.join();
    });
  }

  /**
   * The bytes of frames; without those that are gone meanwhile. Throws StaleState when JetStream has another record than this process
   * knows, or a part of it; read anew, the mailbox leaves out what is still missing: its sender sends it again (spec 13.4).
   */
  async frames(mails: readonly WaitingMail[]): Promise<(WaitingMail & { readonly frame: Uint8Array })[]> {
    const found = await Promise.all(
      mails.map(async (mail) => {
        const data = await this.#dataOf(mail);
        return data && { ...mail, frame: data.slice(mail.offset, mail.offset + mail.size) };
      }),
    );
    const here = found.filter((mail) => mail !== undefined);
    if (here.length < found.length) await this.#missing(mails.filter((_mail, index) => found[index] === undefined));
    this.#isReread = false;
    return here;
  }

  async #missing(mails: readonly WaitingMail[]): Promise<void> {
    await this.#gone.refresh();
    const lost = mails.filter(({ cursor }) => this.state.waiting.has(cursor));
    if (lost.length === 0) return;
    if (!this.#isReread) throw new StaleState();
    const { client } = this.#parts.core;
    for (const seq of new Set(lost.map(({ cursor }) => seqOf(cursor))))
      client.tellDamage(this.#stream, seq, 'frames without their bytes');
    await this.#log.serial.run(() => this.#drop(lost));
  }

  /** Single ones: their records go when nothing else waits in them. */
  async #drop(mails: readonly WaitingMail[]): Promise<void> {
    const single = mails.map(({ cursor }) => cursor);
    await this.#gone.tell({ upTo: this.state.upToWithout(single), single });
    const empty = this.state.emptyRecords();
    for (const seq of new Set(single.map(seqOf)))
      if (empty.has(seq) && seq < this.#log.end) await this.#parts.core.client.remove(this.#stream, seq);
  }

  *#upTo(cursor: number): Generator<WaitingMail> {
    for (const mail of this.state.waiting.values()) {
      if (mail.cursor > cursor) return;
      yield mail;
    }
  }

  #take(record: LogRecord): void {
    if (record.meta['kind'] === 'end') this.state.isEnded = true;
    else this.state.add(waitingIn(record));
  }

  async #dataOf({ cursor, record }: WaitingMail): Promise<Uint8Array | undefined> {
    const { cache, core } = this.#parts;
    const isMeant = ({ id, data }: Stored): boolean => id === record.id && data.length === record.bytes;
    return await cache.get(record.id, async () => (await core.client.at(this.#stream, seqOf(cursor), isMeant))?.data);
  }

  async #flush(): Promise<void> {
    let asked: readonly Question[] = [];
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
  async #store(asked: readonly Question[]): Promise<void> {
    const told = asked.map((): Told[] => []);
    let isFresh = false;
    await this.#log.decide(async () => {
      const { pending, isFull, drafts } = draftOf({ asked, told, state: this.state, maxBytes: this.#maxRecordBytes });
      if (isFull && !isFresh) {
        await this.refresh();
        isFresh = true;
        return undefined;
      }
      if (pending.items.length > 0) {
        const data = concatBytes(...pending.frames);
        const appended = await this.#log.append(framesMeta(pending.items), data);
        if (appended === undefined) {
          // What was removed elsewhere since is to be known, too, before anything is taken for new.
          await this.#gone.refresh();
          return undefined;
        }
        this.#parts.cache.keep(appended.id, data);
      }
      for (const [index, draft] of drafts.entries()) told[index]?.push(...draft);
      const isDone = asked.every(({ mails }, index) => told[index]?.length === mails.length);
      isFresh = false;
      return isDone ? { done: undefined } : undefined;
    });
    for (const [index, { answer }] of asked.entries()) answer.resolve(told[index] ?? []);
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

/** Whose mail it was is in the directory. */
export const withOwner = (told: Told, owner: AgentId): Appended => (told.kind === 'stored' ? { ...told, owner } : told);
