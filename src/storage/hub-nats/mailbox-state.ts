import type { MailboxBounds } from '#hub';
import { framesOfRecord, type Gone, type MailItem, seqOf, type WaitingMail } from './mail-records.ts';

interface Held {
  frames: number;
  bytes: number;
}

/** What all guests together have in a mailbox is counted under no name. */
const guests = '';

/** What the records of a mailbox say together. */
export class MailboxState {
  /** Frames that wait, in order. */
  readonly waiting = new Map<number, WaitingMail>();
  /** When a frame came, by its key, of those that wait. */
  readonly #seen = new Map<string, number>();
  readonly #held = new Map<string, Held>();
  readonly total: Held = { frames: 0, bytes: 0 };
  /** Gone ones behind `upTo`. */
  readonly #single = new Set<number>();
  upTo = 0;
  /** The last cursor that was given to a frame. */
  lastCursor = 0;
  isEnded = false;

  /** About how much memory it takes. */
  get weight(): number {
    return 1 + this.waiting.size * 3 + this.#seen.size;
  }

  add(mails: readonly WaitingMail[]): void {
    for (const mail of mails) {
      this.lastCursor = Math.max(this.lastCursor, mail.cursor);
      if (mail.cursor <= this.upTo || this.#single.has(mail.cursor) || this.waiting.has(mail.cursor)) continue;
      this.waiting.set(mail.cursor, mail);
      this.#seen.set(mail.key, mail.at);
      this.#count(mail, 1);
    }
  }

  drop({ upTo, single }: Gone): void {
    this.upTo = Math.max(this.upTo, upTo);
    for (const [cursor, mail] of this.waiting) {
      if (cursor > this.upTo) break;
      this.#remove(cursor, mail);
    }
    for (const cursor of single) {
      if (cursor <= this.upTo) continue;
      this.#single.add(cursor);
      const mail = this.waiting.get(cursor);
      if (mail === undefined) continue;
      this.#remove(cursor, mail);
    }
    for (const cursor of this.#single) if (cursor <= this.upTo) this.#single.delete(cursor);
  }

  seenAt(key: string): number | undefined {
    return this.#seen.get(key);
  }

  get single(): number[] {
    return [...this.#single];
  }

  hasRoom({ from, isGuest, size }: MailItem, bounds: MailboxBounds, more: Pending): boolean {
    const fits = (name: string | undefined, maxFrames: number, maxBytes: number): boolean => {
      const held = name === undefined ? this.total : this.#held.get(name);
      const pending = more.of(name);
      return (held?.frames ?? 0) + pending.frames < maxFrames && (held?.bytes ?? 0) + pending.bytes + size <= maxBytes;
    };
    return (
      fits(undefined, bounds.maxFrames, bounds.maxBytes) &&
      fits(from, bounds.maxFramesPerSender, bounds.maxBytesPerSender) &&
      (!isGuest || fits(guests, bounds.maxFramesOfGuests, bounds.maxBytesOfGuests))
    );
  }

  /** The first record that holds something; undefined when none does. */
  get firstSeq(): number | undefined {
    const [first] = this.waiting.keys();
    return first === undefined ? undefined : seqOf(first);
  }

  /** Records behind `upTo` that single frames went out of, and nothing waits in. */
  emptyRecords(): Set<number> {
    const waiting = new Set([...this.waiting.keys()].map(seqOf));
    return new Set([...this.#single].map(seqOf).filter((seq) => !waiting.has(seq)));
  }

  /** Up to where everything is gone when these are. */
  upToWithout(single: readonly number[]): number {
    const gone = new Set(single);
    for (const cursor of this.waiting.keys()) if (!gone.has(cursor)) return Math.max(this.upTo, cursor - 1);
    return Math.max(this.upTo, this.lastCursor);
  }

  #remove(cursor: number, mail: WaitingMail): void {
    this.waiting.delete(cursor);
    this.#seen.delete(mail.key);
    this.#count(mail, -1);
  }

  #count({ from, isGuest, size }: MailItem, sign: 1 | -1): void {
    for (const name of isGuest ? [from, guests] : [from]) {
      const held = this.#held.get(name) ?? { frames: 0, bytes: 0 };
      held.frames += sign;
      held.bytes += sign * size;
      if (held.frames > 0) this.#held.set(name, held);
      else this.#held.delete(name);
    }
    this.total.frames += sign;
    this.total.bytes += sign * size;
  }
}

/** What is to go into the next record. */
export class Pending {
  readonly items: MailItem[] = [];
  readonly frames: Uint8Array[] = [];
  readonly #held = new Map<string | undefined, Held>();
  readonly #keys = new Map<string, number>();
  bytes = 0;

  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  of(name: string | undefined): Held {
    return this.#held.get(name) ?? { frames: 0, bytes: 0 };
  }

  atOf(key: string): number | undefined {
    return this.#keys.get(key);
  }

  canHold(size: number): boolean {
    return this.items.length === 0 || (this.items.length < framesOfRecord && this.bytes + size <= this.#maxBytes);
  }

  add(item: MailItem, frame: Uint8Array): void {
    this.items.push(item);
    this.frames.push(frame);
    this.bytes += item.size;
    this.#keys.set(item.key, item.at);
    for (const name of item.isGuest ? [undefined, item.from, guests] : [undefined, item.from]) {
      const held = this.of(name);
      this.#held.set(name, { frames: held.frames + 1, bytes: held.bytes + item.size });
    }
  }
}
