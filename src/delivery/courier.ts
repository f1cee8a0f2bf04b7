import { codeOf, MeshError, PacedRetry, toMeshError } from '#kernel';
import type { Link } from '#link';
import type { FrameId } from '#protocol';
import type { CourierOptions, RouteStatus } from './courier-ports.ts';
import { FrameLine, type PeerOutcome } from './frame-line.ts';
import { Pace } from './pace.ts';
import { routeStatus } from './route-status.ts';
import type { OutboxFrame } from './store.ts';

/**
 * Carries the sealed frames of one local agent to one peer: keeps a link, sends again verbatim what was not acknowledged when a link is
 * lost, and paces attempts by retry and breaker (PROTOCOL §7).
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #line: FrameLine;
  readonly #stop = new AbortController();
  #link: Link | undefined;
  /** Replaced by newer ones and still open. */
  readonly #older = new Set<Link>();
  /** While a mailbox is all there is, the peer itself is tried now and then. */
  readonly #seeking: PacedRetry;
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
    const { clock, random, limits } = options;
    const pace = { firstMs: limits.slowRetryMs, maxMs: limits.slowRetryMs };
    this.#seeking = new PacedRetry({ clock, random, pace });
    this.#stop.signal.addEventListener('abort', () => this.#seeking.stop());
    this.#line = new FrameLine({
      ...options,
      pace: this.#pace,
      signal: this.#stop.signal,
      link: () => this.link,
      heard: () => this.heard(),
      giveUp: (link, error) => this.#giveUp(link, error),
      greetAgain: () => this.greetAgain(),
      fault: (error) => {
        if (this.#link === undefined) this.#pace.failed(error);
      },
    });
  }

  /** The link in use, once greeted. */
  get link(): Link | undefined {
    return this.#greeted ? this.#link : undefined;
  }

  /** Frames of another session than this are in flight. */
  carriesOther(groupId: string | undefined): boolean {
    return this.#line.carriesOther(groupId);
  }

  /** A link is there, greeted or not. */
  get isUp(): boolean {
    return this.#link !== undefined;
  }

  /** True when sealing another frame makes sense: a link is up, the peer takes frames, and the window is not full. */
  get hasRoom(): boolean {
    return this.link !== undefined && this.#line.hasRoom;
  }

  /** The peer wants no messages before a time; everything else goes. */
  get isHeld(): boolean {
    return this.#line.held !== undefined;
  }

  /** It is time to ask the peer, by a frame without messages, whether it takes some again. */
  get probeDue(): boolean {
    return this.#line.probeDue;
  }

  get inFlight(): number {
    return this.#line.size;
  }

  status(): RouteStatus {
    return routeStatus({
      link: this.#link,
      pace: this.#pace,
      latencyMs: this.#latencyMs,
      lastHeardAt: this.#lastHeardAt,
      held: this.#line.held,
      now: this.#options.clock.now(),
    });
  }

  /** Takes committed frames, in sealing order. */
  submit(entries: readonly OutboxFrame[]): void {
    this.#line.submit(entries);
    this.wake();
  }

  /** Forgets the frames of a session that is gone; their messages are sealed anew. */
  drop(groupId: string): void {
    this.#line.drop(groupId);
  }

  dropAll(): void {
    this.#line.drop();
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
    if (this.#link !== undefined) return;
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
    if (link.keeper === undefined) this.heard();
    // Every time: one that ended meanwhile may be attached again.
    void link.closed.then((error) => this.#lost(link, error ?? new MeshError('LINK_CLOSED')));
    // The peer itself is better than who keeps frames for it.
    if (link.keeper !== undefined && this.#link !== undefined && this.#link.keeper === undefined) {
      this.#older.add(link);
      return;
    }
    if (this.#link !== undefined) this.#older.add(this.#link);
    this.#older.delete(link);
    this.#link = link;
    this.#linkedAt = this.#options.clock.monotonic();
    if (link.keeper !== undefined) this.#seeking.later(() => void this.#seekDirect());
    void this.#greet(link);
  }

  /** The peer's answer to a frame that went by a mailbox. */
  answered(frameId: FrameId, outcome: PeerOutcome): Promise<boolean> {
    return this.#line.answered(frameId, outcome);
  }

  /** There is something new to say that goes before frames, on the link in use too. */
  greetAgain(): void {
    if (this.link === undefined) this.#unsaid = true;
    else void this.#greet(this.link);
  }

  /** What there is to say needs a new link: this one ends, and another is made, also without work. */
  hangUp(): void {
    if (this.#link === undefined) return;
    this.#wanted = true;
    this.#link.close();
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
    if (this.#line.size === 0) this.#pace.recovered();
    this.#line.transmitAll();
    ports.onChange({ type: 'up', route: link.route });
    this.measure().catch(() => undefined);
  }

  async #seekDirect(): Promise<void> {
    const link = this.#link;
    if (link?.keeper === undefined) return;
    try {
      this.attach(await this.#options.ports.dial({ signal: this.#stop.signal, direct: true }));
    } catch (error) {
      this.#options.logger.debug('direct.failed', { code: codeOf(error) });
      await this.#options.ports.lookAgain(link);
      this.#seeking.later(() => void this.#seekDirect());
    }
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
    else if (this.#wanted || this.#options.ports.hasWork()) this.wake();
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
        // Given up because the node stops: nothing failed.
        if (this.#stop.signal.aborted) return;
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
