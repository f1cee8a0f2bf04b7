import type { Limits } from '#kernel';
import type { Link } from '#link';
import type { FrameId } from '#protocol';
import type { OutboxFrame } from './store.ts';

type InFlightLimits = Pick<Limits, 'inFlightFrames' | 'inFlightBytes' | 'mailboxFrames' | 'mailboxBytes'>;

export interface InFlight {
  readonly entry: OutboxFrame;
  /** Where it is under way: it goes over each link once. */
  readonly links: Set<Link>;
  /** The way to the mailbox that has it: there it waits for the peer, and is under way no more. */
  storedBy: Link | undefined;
  /** The peer gave its final word, which is being stored. */
  isSettling: boolean;
}

/** Sealed frames that the peer has not answered, in the order of sealing. */
export class InFlightFrames implements Iterable<InFlight> {
  readonly #limits: InFlightLimits;
  readonly #frames = new Map<FrameId, InFlight>();
  #bytes = 0;

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#frames.size;
  }

  /** A mailbox takes more than a peer that answers at once. */
  isFull(link: Pick<Link, 'keeper'>): boolean {
    const { inFlightFrames, inFlightBytes, mailboxFrames, mailboxBytes } = this.#limits;
    if (link.keeper !== undefined) return this.size >= mailboxFrames || this.#bytes >= mailboxBytes;
    return this.size >= inFlightFrames || this.#bytes >= inFlightBytes;
  }

  find(id: FrameId): InFlight | undefined {
    return this.#frames.get(id);
  }

  [Symbol.iterator](): Iterator<InFlight> {
    return this.#frames.values();
  }

  /** False once it was forgotten. */
  has(kept: InFlight): boolean {
    return this.#frames.get(kept.entry.frame.id) === kept;
  }

  /** True when one of them is not of this session. */
  haveOther(groupId: string | undefined): boolean {
    for (const { entry } of this) if (entry.groupId !== groupId) return true;
    return false;
  }

  /** Puts it behind all others. */
  keep(entry: OutboxFrame): InFlight {
    const kept: InFlight = { entry, links: new Set(), storedBy: undefined, isSettling: false };
    this.#frames.set(entry.frame.id, kept);
    this.#bytes += entry.frame.bytes.length;
    return kept;
  }

  forget(kept: InFlight): void {
    const { frame } = kept.entry;
    if (!this.has(kept)) return;
    this.#frames.delete(frame.id);
    this.#bytes -= frame.bytes.length;
  }
}
