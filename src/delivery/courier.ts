import { codeOf, type ErrorCode, MeshError, toMeshError } from '#kernel';
import type { Link } from '#link';
import { answerInTime } from './answer-in-time.ts';
import type { CourierOptions, RouteStatus } from './courier-ports.ts';
import { type InFlight, InFlightFrames } from './in-flight-frames.ts';
import { Pace } from './pace.ts';
import { isDistrust, isPassing, isProof } from './outcome.ts';
import { routeStatus } from './route-status.ts';
import type { OutboxFrame } from './store.ts';

/**
 * Carries the sealed frames of one local agent to one peer: keeps a link, sends again verbatim what was not acknowledged when a link is
 * lost, and paces attempts by retry and breaker (PROTOCOL §7). On every link frames follow one another in the order of sealing, from the
 * first that the peer has not answered (spec §6.6).
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #inFlight: InFlightFrames;
  readonly #stop = new AbortController();
  #link: Link | undefined;
  /** Replaced by newer ones and still open. */
  readonly #older = new Set<Link>();
  #linkedAt = 0;
  /** The link whose end was counted as a failure already. */
  #blamed: Link | undefined;
  #greeted = false;
  /** Something new to say came up during the greeting. */
  #unsaid = false;
  #wanted = false;
  #dialling: Promise<void> | undefined;
  #wakeUp: AbortController | undefined;
  readonly #pace: Pace;
  #latencyMs: number | undefined;
  #lastHeardAt: number | undefined;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#pace = new Pace(options);
    this.#inFlight = new InFlightFrames(options.limits);
    for (const entry of options.ports.unacknowledged()) this.#inFlight.keep(entry);
  }

  /** The link in use, once greeted. */
  get link(): Link | undefined {
    return this.#greeted ? this.#link : undefined;
  }

  /** Frames of another session than this are in flight. */
  carriesOther(groupId: string | undefined): boolean {
    return this.#inFlight.haveOther(groupId);
  }

  /** A link is there, greeted or not. */
  get isUp(): boolean {
    return this.#link !== undefined;
  }

  /** True when sealing another frame makes sense: a link is up and the window is not full. */
  get hasRoom(): boolean {
    return this.link !== undefined && !this.#inFlight.isFull;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  status(): RouteStatus {
    return routeStatus({
      link: this.#link,
      pace: this.#pace,
      latencyMs: this.#latencyMs,
      lastHeardAt: this.#lastHeardAt,
      now: this.#options.clock.now(),
    });
  }

  /** Takes committed frames, in sealing order. */
  submit(entries: readonly OutboxFrame[]): void {
    for (const entry of entries) this.#transmit(this.#inFlight.keep(entry));
    this.wake();
  }

  /** Forgets the frames of a session that is gone; their messages are sealed anew. */
  drop(groupId: string): void {
    for (const kept of this.#inFlight) if (kept.entry.groupId === groupId) this.#inFlight.forget(kept);
  }

  dropAll(): void {
    for (const kept of this.#inFlight) this.#inFlight.forget(kept);
  }

  /** There is work: dial unless a link is up, an attempt is under way, or the pace forbids it. */
  wake(): void {
    if (this.#link !== undefined || this.#stop.signal.aborted) return;
    this.#dialling ??= this.#dialUntilUp().finally(() => {
      this.#dialling = undefined;
    });
  }

  /** One attempt also without work: a node that starts tells its peers that it is back. */
  connect(): void {
    this.#wanted = true;
    this.wake();
  }

  /** Tries at once, whatever the breaker says: the peer was heard from, or its address changed. */
  retryNow(): void {
    this.#pace.cured();
    this.#wakeUp?.abort();
    this.wake();
  }

  /** A link came up, whichever side dialled: the newest is used. */
  attach(link: Link): void {
    if (this.#link === link || this.#stop.signal.aborted) return;
    if (this.#link !== undefined) this.#older.add(this.#link);
    this.#older.delete(link);
    this.#link = link;
    this.#linkedAt = this.#options.clock.monotonic();
    this.heard();
    void link.closed.then((error) => this.#lost(link, error ?? new MeshError('LINK_CLOSED')));
    void this.#greet(link);
  }

  /** There is something new to say that goes before frames, on the link in use too. */
  greetAgain(): void {
    if (this.link === undefined) this.#unsaid = true;
    else void this.#greet(this.link);
  }

  /** What there is to say needs a new link. */
  hangUp(): void {
    this.#link?.close();
  }

  heard(): void {
    this.#lastHeardAt = this.#options.clock.now();
  }

  /** A fault above the link (a session that cannot be made): counts like a failed attempt and paces the next one. */
  fail(error: MeshError): void {
    this.#pace.fault();
    if (this.#link === undefined) this.#pace.failed(error);
    else this.#giveUp(this.#link, error);
  }

  async measure(): Promise<number | undefined> {
    const link = this.link;
    if (link === undefined) return undefined;
    this.#latencyMs = await link.ping();
    return this.#latencyMs;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wakeUp?.abort();
    this.#link?.close('SHUTTING_DOWN');
    await this.#dialling;
  }

  async #greet(link: Link): Promise<void> {
    const { ports } = this.#options;
    this.#greeted = false;
    try {
      do {
        this.#unsaid = false;
        await ports.greet(link);
      } while (this.#unsaid && this.#link === link);
    } catch (error) {
      this.#giveUp(link, toMeshError(error));
      return;
    }
    if (this.#link !== link) return;
    this.#greeted = true;
    this.#pace.forgive();
    if (this.#inFlight.size === 0) this.#pace.recovered();
    for (const kept of this.#inFlight) this.#transmit(kept);
    ports.onChange({ type: 'up', route: link.route });
    this.measure().catch(() => undefined);
  }

  #transmit(kept: InFlight): void {
    const link = this.link;
    if (link === undefined || kept.links.has(link)) return;
    kept.links.add(link);
    void this.#sendOn(link, kept);
  }

  async #sendOn(link: Link, kept: InFlight): Promise<void> {
    const { ports, clock, limits } = this.#options;
    const { frame } = kept.entry;
    try {
      const outcome = await answerInTime(link, frame, {
        clock,
        ms: limits.frameAcknowledgeMs,
        onWritten: () => ports.onSent(frame.id, link.route),
      });
      this.heard();
      if (!this.#inFlight.has(kept) || kept.isSettling) return;
      if (outcome.kind !== 'refused') this.#taken(kept);
      else await this.#refused(link, { kept, code: outcome.code });
    } catch {
      // The link is gone or too slow: `closed` tells, and the frame stays in flight for the next link.
      kept.links.delete(link);
      link.close('TIMEOUT');
    }
  }

  #taken(kept: InFlight): void {
    const { entry } = kept;
    if (isProof(entry.frame)) this.#pace.cured();
    else this.#pace.recovered();
    this.#options.ports.onTaken(entry);
    this.#done(kept);
  }

  async #refused(link: Link, { kept, code }: { readonly kept: InFlight; readonly code: ErrorCode }): Promise<void> {
    if (isPassing(code)) {
      // Order matters: what comes after a frame that must be repeated has to be repeated too.
      this.#giveUp(link, new MeshError(code, `The peer refused a frame for now: ${code}`));
      return;
    }
    // A stranger gets no more credit on this link: what is behind waits for the next one.
    if (isDistrust(code)) this.#giveUp(link, new MeshError(code, 'The peer does not trust this agent'));
    else this.#pace.recovered();
    // Until the refusal is stored the frame keeps its place in line.
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
    if (this.#link === undefined) this.#pace.failed(error);
    for (const link of kept.links) this.#giveUp(link, error);
  }

  #done(kept: InFlight): void {
    this.#inFlight.forget(kept);
    this.#options.ports.onChange({ type: 'room' });
  }

  /** Ends the link for a reason that paces the next attempt. */
  #giveUp(link: Link, error: MeshError): void {
    if (this.#link === link) {
      this.#pace.failed(error);
      this.#blamed = link;
    }
    link.close(error.code);
  }

  #lost(link: Link, error: MeshError): void {
    this.#older.delete(link);
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#greeted = false;
    const livedMs = this.#options.clock.monotonic() - this.#linkedAt;
    // A link that dies young did not help: without pacing it would be made again and again.
    const young = livedMs < (this.#options.limits.quickRetryMs[0] ?? 0);
    if (young && this.#blamed !== link) this.#pace.failed(error);
    this.#options.ports.onChange({ type: 'down', code: error.code, message: error.message });
    const older = [...this.#older].at(-1);
    if (older !== undefined) this.attach(older);
    else if (this.#options.ports.hasWork()) this.wake();
  }

  async #dialUntilUp(): Promise<void> {
    const { ports, logger } = this.#options;
    while (this.#link === undefined && !this.#stop.signal.aborted && (this.#wanted || ports.hasWork())) {
      this.#wanted = false;
      await this.#pause(this.#pace.waitMs);
      if (this.#link !== undefined || this.#stop.signal.aborted) return;
      try {
        const link = await ports.dial({ signal: this.#stop.signal });
        this.attach(link);
      } catch (error) {
        this.#pace.failed(toMeshError(error));
        logger.debug('dial.failed', { code: codeOf(error), failures: this.#pace.failures });
        ports.onChange({ type: 'down', code: codeOf(error), message: toMeshError(error).message });
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    if (ms <= 0) return;
    this.#wakeUp = new AbortController();
    const signal = AbortSignal.any([this.#wakeUp.signal, this.#stop.signal]);
    await this.#options.clock.sleep(ms, { signal }).catch(() => undefined);
  }
}
