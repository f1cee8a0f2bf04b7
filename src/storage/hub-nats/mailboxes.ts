import { equalBytes } from '#kernel';
import type { AgentId } from '#identity';
import type { Appended, HubMailboxes, MailPage, NewMail, Place } from '#hub';
import { agentFields, agentRowIn, cardIn, type IndexedAgent } from './agent-row.ts';
import { FrameCache } from './frame-cache.ts';
import { findMember, type HubCore, needMember } from './hub-core.ts';
import { shardOf } from './layout.ts';
import { Mailbox, withOwner } from './mailbox.ts';
import { seqOf, type WaitingMail } from './mail-records.ts';
import { StaleState, unreachable } from './nats-errors.ts';
import { MailboxSweep } from './mailbox-sweep.ts';

const cacheBytes = 32 * 1024 * 1024;
/** Of what is known of mailboxes: about 100 bytes each. */
const maxWeight = 1_000_000;
const maxAttempts = 20;
const measuredAtOnce = 32;

interface Measured {
  readonly messages: string;
  readonly frames: number;
  readonly bytes: number;
}

export class NatsMailboxes implements HubMailboxes {
  readonly #core: HubCore;
  readonly #cache = new FrameCache(cacheBytes);
  readonly #sweep: MailboxSweep;
  /** The one that was used last is the last. */
  readonly #open = new Map<string, Promise<Mailbox>>();
  readonly #joining = new Map<string, Promise<void>>();
  /** Boxes whose frames were not what was known of them. */
  readonly #doubted = new Set<string>();
  #measured = new Map<string, Measured>();
  readonly #weights = new Map<string, number>();
  #weight = 0;
  #listener: (owner: AgentId) => void = () => {};

  constructor(core: HubCore) {
    this.#core = core;
    this.#sweep = new MailboxSweep(core, (box) => this.mailbox(box));
  }

  append(mails: readonly NewMail[]): Promise<readonly Appended[]> {
    return this.#core.run(async () => {
      const byAgent = Map.groupBy(mails, ({ to }) => to);
      const told = new Map<NewMail, Appended>();
      await Promise.all(
        [...byAgent].map(async ([to, its]) => {
          const appended = await this.#appendTo(to, its);
          for (const [index, mail] of its.entries()) told.set(mail, appended[index] ?? { kind: 'unknown' });
        }),
      );
      return mails.map((mail) => told.get(mail) ?? { kind: 'unknown' });
    });
  }

  read(owner: AgentId, page: Place & { frames: number; bytes: number }): Promise<MailPage> {
    return this.#core.run(async () => {
      const { agent, mailbox } = await this.#of(owner);
      await mailbox.refreshFrames();
      const after = this.#isKnown(agent, mailbox, page) ? page.after : 0;
      const wanted: WaitingMail[] = [];
      let [bytes, more] = [0, false];
      for (const mail of behind(mailbox, after)) {
        bytes += mail.size;
        more = wanted.length === page.frames || (wanted.length > 0 && bytes > page.bytes);
        if (more) break;
        wanted.push(mail);
      }
      const items = (await this.#frames(agent.box, mailbox, wanted)).map(({ cursor, at, frame }) => ({
        cursor,
        at,
        frame,
      }));
      return { epoch: this.#core.index().epochs.at(-1)?.id ?? new Uint8Array(), after, items, more };
    });
  }

  ack(owner: AgentId, { epoch, upTo }: { epoch: Uint8Array; upTo: number }): Promise<number> {
    return this.#core.run(async () => {
      const agent = await findMember(this.#core, owner);
      if (agent === undefined) return 0;
      const mailbox = await this.#openFor(agent);
      // The frames may have come and been read through another process.
      if (upTo > mailbox.state.lastCursor) await mailbox.refreshFrames();
      return this.#isKnown(agent, mailbox, { epoch, after: upTo }) ? await mailbox.ack(upTo) : 0;
    });
  }

  sweep(now: number): Promise<number> {
    return this.#core.run(async () => await this.#sweep.run(now, [...this.#open.values()]));
  }

  /** Tells of frames that came through any process. */
  onArrival(listener: (owner: AgentId) => void): void {
    this.#listener = listener;
  }

  arrived(owner: AgentId): void {
    this.#listener(owner);
  }

  async measure(agent: IndexedAgent): Promise<{ frames: number; bytes: number; oldestAt?: number }> {
    const mailbox = await this.#openFor(agent);
    await mailbox.refresh();
    const { total, waiting } = mailbox.state;
    const [oldest] = waiting.values();
    return { ...total, ...(oldest === undefined ? {} : { oldestAt: oldest.at }) };
  }

  /** What all members have: reads every mailbox that changed since the last time. */
  async totals(): Promise<{ frames: number; bytes: number }> {
    const used = await this.#sweep.usedBoxes();
    const members = [...this.#core.index().agents()].filter(({ isMember }) => isMember);
    const measured = new Map<string, Measured>();
    const measureNext = async (): Promise<void> => {
      for (let agent = members.pop(); agent !== undefined; agent = members.pop()) {
        const boxes = [agent.box, ...agent.joins].filter((box) => used.has(box));
        if (boxes.length === 0) continue;
        const messages = boxes.map((box) => used.get(box)).join();
        const known = this.#measured.get(agent.box);
        measured.set(agent.box, known?.messages === messages ? known : { messages, ...(await this.measure(agent)) });
      }
    };
    await Promise.all(Array.from({ length: measuredAtOnce }, measureNext));
    this.#measured = measured;
    const sum = { frames: 0, bytes: 0 };
    for (const { frames, bytes } of measured.values()) {
      sum.frames += frames;
      sum.bytes += bytes;
    }
    return sum;
  }

  /** Removes a mailbox that is nobody's any more. */
  async dropBox(box: string): Promise<void> {
    this.#forget(box);
    await this.#sweep.purgeBox(box);
  }

  /** Nothing that was read is to be trusted any more. */
  reset(): void {
    this.#open.clear();
    this.#doubted.clear();
    this.#weights.clear();
    this.#measured.clear();
    this.#weight = 0;
    this.#cache.clear();
  }

  async mailbox(box: string): Promise<Mailbox> {
    const known = this.#open.get(box);
    const opening = known ?? this.#load(box);
    this.#open.delete(box);
    this.#open.set(box, opening);
    try {
      const mailbox = await opening;
      if (this.#open.get(box) === opening) this.#weigh(box, mailbox.state.weight);
      return mailbox;
    } catch (error) {
      if (this.#open.get(box) === opening) this.#forget(box);
      throw error;
    }
  }

  async #load(box: string): Promise<Mailbox> {
    const isReread = this.#doubted.has(box);
    const mailbox = await new Mailbox(box, { core: this.#core, cache: this.#cache, isReread }).load();
    this.#doubted.delete(box);
    return mailbox;
  }

  /** Where JetStream has not what was read before, places mean something else, and everything is read again. */
  async #frames(box: string, mailbox: Mailbox, mails: readonly WaitingMail[]): ReturnType<Mailbox['frames']> {
    try {
      return await mailbox.frames(mails);
    } catch (error) {
      if (error instanceof StaleState && !this.#doubted.has(box)) {
        this.#forget(box);
        this.#doubted.add(box);
        await this.#core.beginEpoch();
      }
      throw error;
    }
  }

  async #appendTo(to: AgentId, mails: readonly NewMail[]): Promise<readonly Appended[]> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const agent = await findMember(this.#core, to);
      if (agent === undefined) return mails.map(() => ({ kind: 'unknown' }));
      const mailbox = await this.#openFor(agent);
      if (mailbox.isUntouched && attempt === 0) {
        // One that was joined to another and removed looks like this, too.
        await this.#core.directory().catchUp();
        continue;
      }
      const told = await this.#guarded(agent.box, mailbox.append(mails));
      if (!mailbox.state.isEnded) {
        if (told.some((one) => one.kind === 'stored' && one.isNew)) this.#tellArrival(agent.id);
        return told.map((one) => withOwner(one, agent.id));
      }
      // It was joined to another: the directory says to which.
      await this.#core.directory().catchUp();
    }
    throw unreachable();
  }

  /** After a failure nobody knows what was stored: it is read anew. */
  async #guarded<T>(box: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.#forget(box);
      throw error;
    }
  }

  async #of(owner: AgentId): Promise<{ agent: IndexedAgent; mailbox: Mailbox }> {
    const agent = await needMember(this.#core, owner);
    return { agent, mailbox: await this.#openFor(agent) };
  }

  async #openFor(agent: IndexedAgent): Promise<Mailbox> {
    const mailbox = await this.mailbox(agent.box);
    if (agent.joins.length === 0) return mailbox;
    const joining = this.#joining.get(agent.key) ?? this.#join(agent, mailbox);
    this.#joining.set(agent.key, joining);
    await joining.finally(() => this.#joining.delete(agent.key));
    return mailbox;
  }

  /**
   * Empties mailboxes of ids that turned out to be earlier ones into the agent's own. They are ended first, so that nothing comes behind what
   * is copied; copies are known by their keys, so that whoever does this again after a crash, or at the same time, doubles nothing; the row
   * forgets them last.
   */
  async #join(agent: IndexedAgent, mailbox: Mailbox): Promise<void> {
    for (const box of agent.joins) {
      const other = await this.mailbox(box);
      await other.end();
      const waiting = await this.#frames(box, other, [...other.state.waiting.values()]);
      if (waiting.length > 0) await mailbox.copy(waiting);
    }
    await this.#core.directory().commit(async () => {
      const fields = await this.#core.directory().row(`agent.${agent.key}`);
      if (fields === undefined) return undefined;
      const row = agentRowIn(fields);
      const joins = row.joins.filter((box) => !agent.joins.includes(box));
      if (row.box !== agent.box || joins.length === row.joins.length) return undefined;
      return { key: `agent.${agent.key}`, row: agentFields({ ...row, card: cardIn(fields), joins }) };
    });
    for (const box of agent.joins) await this.dropBox(box);
  }

  /** True for a place that was given out for this mailbox, and whose frames are not lost. */
  #isKnown(agent: IndexedAgent, mailbox: Mailbox, { epoch, after }: Place): boolean {
    if (epoch === undefined || after > mailbox.state.lastCursor) return false;
    const { epochs } = this.#core.index();
    const number = epochs.findIndex(({ id }) => equalBytes(id, epoch));
    const [found, next] = [epochs[number], epochs[number + 1]];
    if (found === undefined || found.rowSeq <= agent.placesSince) return false;
    return next === undefined || seqOf(after) < (next.starts[shardOf(agent.box)] ?? 0);
  }

  #tellArrival(owner: AgentId): void {
    const { client, layout } = this.#core;
    try {
      client.connection.publish(layout.arrivalSubject, owner);
    } catch {
      // Who waits looks again by itself.
    }
  }

  #forget(box: string): void {
    this.#open.delete(box);
    this.#weight -= this.#weights.get(box) ?? 0;
    this.#weights.delete(box);
  }

  #weigh(box: string, weight: number): void {
    this.#weight += weight - (this.#weights.get(box) ?? 0);
    this.#weights.set(box, weight);
    for (const oldest of this.#open.keys()) {
      if (this.#weight <= maxWeight || oldest === box) break;
      this.#forget(oldest);
    }
  }
}

function* behind(mailbox: Mailbox, after: number): Generator<WaitingMail> {
  for (const mail of mailbox.state.waiting.values()) if (mail.cursor > after) yield mail;
}
