import { type ErrorCode, MeshError, PacedRetry, toMeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { FrameOutcome, Link } from '#link';
import { answerInTime } from './answer-in-time.ts';
import type { CourierOptions } from './courier-ports.ts';
import { Hold, type Held } from './hold.ts';
import { type InFlight, InFlightFrames } from './in-flight-frames.ts';
import { isDistrust, isPassing, isProof } from './outcome.ts';
import type { Pace } from './pace.ts';
import type { FrameId } from '#protocol';
import type { OutboxFrame } from './store.ts';

export interface FrameLineOptions extends CourierOptions {
  readonly pace: Pace;
  readonly signal: AbortSignal;
  /** The link in use, once greeted. */
  link(): Link | undefined;
  /** The far end said something. */
  heard(): void;
  /** Ends the link for a reason that paces the next attempt. */
  giveUp(link: Link, error: MeshError): void;
  /** What a mailbox should have handed out is not answered: what goes before frames is said once more too, and then they. */
  greetAgain(): void;
  /** Paces the next attempt while there is no link. */
  fault(error: MeshError): void;
}

type Refusal = Extract<FrameOutcome, { readonly kind: 'refused' }>;
/** What the peer itself says of a frame. */
export type PeerOutcome = Exclude<FrameOutcome, { readonly kind: 'stored' }>;

/**
 * The sealed frames of a lane in line to the peer. On every link they follow one another in the order of sealing, from the first that the
 * peer has not answered (spec §6.6); what it asks to send later waits, with all that is behind it (spec §6.10).
 */
export class FrameLine {
  readonly #options: FrameLineOptions;
  readonly #inFlight: InFlightFrames;
  readonly #hold: Hold;
  /** Of what a mailbox holds and the peer does not answer. */
  readonly #repeats: PacedRetry;

  constructor(options: FrameLineOptions) {
    const { clock, random, limits, signal, ports } = options;
    this.#options = options;
    this.#inFlight = new InFlightFrames(limits);
    const pace = { firstMs: limits.mailRepeatMs, maxMs: limits.mailMaxRepeatMs };
    this.#repeats = new PacedRetry({ clock, random, pace });
    signal.addEventListener('abort', () => this.#repeats.stop());
    this.#hold = new Hold({
      clock,
      limits,
      signal,
      isUnderWay: () => this.#isUnderWay(),
      onHeld: (held) => ports.onChange({ type: 'held', held }),
      onResume: () => {
        this.transmitAll();
        ports.onChange({ type: 'room' });
      },
      onRoom: () => ports.onChange({ type: 'room' }),
    });
    for (const entry of ports.unacknowledged()) this.#inFlight.keep(entry);
  }

  get size(): number {
    return this.#inFlight.size;
  }

  /** Until when the peer wants no messages. */
  get held(): Held | undefined {
    return this.#hold.held;
  }

  get probeDue(): boolean {
    return this.#hold.probeDue;
  }

  /** True when the peer takes frames and the window is not full. */
  get hasRoom(): boolean {
    const link = this.#options.link();
    if (link === undefined || this.#hold.stops || this.#inFlight.isFull(link)) return false;
    // What a mailbox holds is not under way any more: only a peer that asked for a pause gets one frame after the other.
    return this.size < this.#hold.window || (link.keeper !== undefined && this.#hold.isWide);
  }

  /** Frames of another session than this are in flight. */
  carriesOther(groupId: string | undefined): boolean {
    return this.#inFlight.haveOther(groupId);
  }

  /** Takes committed frames, in sealing order. */
  submit(entries: readonly OutboxFrame[]): void {
    if (entries.length > 0) this.#hold.probed();
    for (const entry of entries) this.#transmit(this.#inFlight.keep(entry));
  }

  /** Forgets the frames of a session that is gone, or all. Their messages are sealed anew. */
  drop(groupId?: string): void {
    for (const kept of this.#inFlight) {
      if (groupId === undefined || kept.entry.groupId === groupId) this.#inFlight.forget(kept);
    }
    // The frame that the peer waits for on this link will not come: a new link begins anew.
    if (this.#hold.stops) this.#options.link()?.close();
  }

  /** What is not under way on the link in use goes now. */
  transmitAll(): void {
    for (const kept of this.#inFlight) this.#transmit(kept);
    // It may have come due while there was no link to repeat on.
    if (this.#isUnanswered && this.#options.link()?.keeper !== undefined) this.#repeats.later(() => this.#repeat());
    this.#hold.check();
  }

  /** The peer's answer to a frame that went by a mailbox. False when it is none of this line. */
  async answered(frameId: FrameId, outcome: PeerOutcome): Promise<boolean> {
    const kept = this.#inFlight.find(frameId);
    if (kept === undefined) return false;
    this.#repeats.succeeded();
    await this.#settleBy(this.#options.link(), kept, outcome);
    return true;
  }

  get #isUnanswered(): boolean {
    return this.size > 0 || this.#options.ports.awaitsStep();
  }

  /** What a mailbox lost, or the peer's answer to it, is said again, there or elsewhere: the first one is enough to find out (spec §13.4). */
  #repeat(): void {
    const link = this.#options.link();
    if (link?.keeper === undefined || !this.#isUnanswered || this.#options.ports.passOver(link)) return;
    const [first] = this.#inFlight;
    first?.links.delete(link);
    this.#options.greetAgain();
  }

  #isUnderWay(): boolean {
    const link = this.#options.link();
    if (link === undefined) return true;
    for (const { links, storedBy } of this.#inFlight) if (links.has(link) && storedBy !== link) return true;
    return false;
  }

  #transmit(kept: InFlight): void {
    const link = this.#options.link();
    // One whose refusal is being stored is answered: taken on another link after all, it would be both.
    if (link === undefined || kept.links.has(link) || kept.isSettling || this.#hold.stops) return;
    kept.links.add(link);
    void this.#sendOn(link, kept);
  }

  async #sendOn(link: Link, kept: InFlight): Promise<void> {
    const { ports, clock, limits, heard } = this.#options;
    const { frame } = kept.entry;
    try {
      const outcome = await answerInTime(link, frame, {
        clock,
        ms: limits.frameAcknowledgeMs,
        onWritten: () => ports.onSent(kept.entry, link.route),
      });
      if (link.keeper !== undefined) this.#kept(link, { kept, outcome, keeper: link.keeper });
      else {
        heard();
        if (outcome.kind !== 'stored') await this.#settleBy(link, kept, outcome);
        else this.#options.giveUp(link, new MeshError('MALFORMED', 'The peer keeps a frame for somebody else'));
      }
    } catch {
      // The link is gone or too slow: `closed` tells, and the frame stays in flight for the next link.
      kept.links.delete(link);
      link.close('TIMEOUT');
    }
  }

  async #settleBy(link: Link | undefined, kept: InFlight, outcome: PeerOutcome): Promise<void> {
    if (!this.#inFlight.has(kept) || kept.isSettling) return;
    if (outcome.kind === 'delivered') this.#taken(kept, pauseIn(outcome));
    else await this.#refused(link, { kept, refusal: outcome });
  }

  /** The word of who keeps it for the peer. It stays in line until the peer itself answers. */
  #kept(link: Link, { kept, outcome, keeper }: Kept): void {
    const { pace, ports, giveUp } = this.#options;
    if (!this.#inFlight.has(kept)) return;
    if (outcome.kind === 'stored') {
      pace.recovered();
      kept.storedBy = link;
      this.#hold.kept();
      ports.onStored(kept.entry, keeper);
      this.#repeats.later(() => this.#repeat());
      return;
    }
    if (outcome.kind === 'refused' && outcome.retryAfterMs !== undefined && isPassing(outcome.code)) {
      this.#holdBack(link, { kept, code: outcome.code, retryAfterMs: outcome.retryAfterMs });
      return;
    }
    // A mailbox has no say in what becomes of a message: another way may do.
    const code = outcome.kind === 'refused' ? outcome.code : 'MALFORMED';
    giveUp(link, new MeshError(code, `${link.route} did not keep a frame: ${code}`));
  }

  #taken(kept: InFlight, pause: Pause | undefined): void {
    const { pace, ports } = this.#options;
    const { entry } = kept;
    if (isProof(entry.frame)) pace.cured();
    else pace.recovered();
    this.#hold.taken(pause);
    ports.onTaken(entry);
    this.#done(kept);
  }

  async #refused(
    link: Link | undefined,
    { kept, refusal }: { readonly kept: InFlight; readonly refusal: Refusal },
  ): Promise<void> {
    const { pace, giveUp } = this.#options;
    const { code, retryAfterMs } = refusal;
    if (isPassing(code)) {
      if (link === undefined) return;
      if (retryAfterMs !== undefined) this.#holdBack(link, { kept, code, retryAfterMs });
      // Order matters: what comes after a frame that must be repeated has to be repeated too.
      else giveUp(link, new MeshError(code, `The peer refused a frame for now: ${code}`));
      return;
    }
    // A stranger gets no more credit on this link: what is behind waits for the next one.
    if (isDistrust(code) && link !== undefined) giveUp(link, new MeshError(code, 'The peer does not trust this agent'));
    else pace.recovered();
    await this.#settle(kept, code);
  }

  /** The peer is there: nothing failed. */
  #holdBack(
    link: Link,
    held: { readonly kept: InFlight; readonly code: ErrorCode; readonly retryAfterMs: number },
  ): void {
    held.kept.links.delete(link);
    this.#options.pace.recovered();
    this.#hold.refused({ code: held.code, ms: held.retryAfterMs });
  }

  /** Until the refusal is stored the frame keeps its place in line. */
  async #settle(kept: InFlight, code: ErrorCode): Promise<void> {
    kept.isSettling = true;
    try {
      await this.#options.ports.onRefused(kept.entry, code);
    } catch (error) {
      this.#askAgain(kept, toMeshError(error));
      return;
    }
    this.#done(kept);
  }

  /** What became of the frame could not be stored: the peer is asked again, on a new link. */
  #askAgain(kept: InFlight, error: MeshError): void {
    kept.isSettling = false;
    const { fault, giveUp, link } = this.#options;
    fault(error);
    const inUse = link();
    // Also a link that came meanwhile: what is behind the frame went there already.
    for (const used of inUse === undefined ? kept.links : new Set([...kept.links, inUse])) giveUp(used, error);
  }

  #done(kept: InFlight): void {
    this.#inFlight.forget(kept);
    this.#options.ports.onChange({ type: 'room' });
  }
}

interface Kept {
  readonly kept: InFlight;
  readonly outcome: FrameOutcome;
  readonly keeper: AgentId;
}

interface Pause {
  readonly code: ErrorCode;
  readonly ms: number;
}

/** What the peer took a frame with: it may want no more messages for a while. */
function pauseIn(outcome: Exclude<PeerOutcome, Refusal>): Pause | undefined {
  if (outcome.pause === undefined) return undefined;
  const { code, retryAfterMs: ms } = outcome.pause;
  return isPassing(code) ? { code, ms } : undefined;
}
