import {
  type Backoff,
  backoffMs,
  type Clock,
  codeOf,
  type ErrorCode,
  type Limits,
  type Logger,
  MeshError,
  type Random,
  toMeshError,
} from '#kernel';
import type { Link } from '#link';
import type { Frame, HubAddress } from '#protocol';
import { readMailbox } from './mailbox-reader.ts';

export interface HubLinePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
  /** A link of the agent to the hub. */
  dial(address: HubAddress, options: { readonly signal: AbortSignal }): Promise<Link>;
  /** The card as it is now. */
  card(): Uint8Array;
  /** So many fresh key packages, whose secret halves are stored. */
  keyPackages(count: number): Promise<readonly Uint8Array[]>;
  take(frame: Frame): Promise<void>;
  /** The line came up or went down. */
  onChange(): void;
}

export interface HubLineOptions {
  readonly address: HubAddress;
  readonly ports: HubLinePorts;
  /** The secret of a hub invite; until it was used. */
  readonly invite?: Uint8Array | undefined;
}

export interface HubLineStatus {
  readonly state: 'up' | 'down';
  readonly latencyMs?: number;
  readonly lastError?: { readonly code: ErrorCode; readonly message: string; readonly at: number };
}

/** One more look at how many key packages are left. */
const topUpMs = 600_000;
/** Somebody else speaks for the agent at the hub: two that take the place of each other would do so for ever. */
const replacedMs = 60_000;

/**
 * The standing line of a local agent to a hub that keeps its mailbox: always called from here, so it works behind a NAT. It comes back by
 * itself, later each time and not at the same moment as everybody else's.
 */
export class HubLine {
  readonly address: HubAddress;
  readonly #ports: HubLinePorts;
  readonly #stop = new AbortController();
  #invite: Uint8Array | undefined;
  #link: Link | undefined;
  #latencyMs: number | undefined;
  #lastError: HubLineStatus['lastError'];
  /** The first one. */
  readonly #attempt = Promise.withResolvers<Link>();
  #running: Promise<void> | undefined;
  #failures = 0;
  #wasUp = false;

  constructor({ address, ports, invite }: HubLineOptions) {
    this.address = address;
    this.#ports = ports;
    this.#invite = invite;
    this.#attempt.promise.catch(() => undefined);
  }

  /** Open, and the agent is registered. */
  get link(): Link | undefined {
    return this.#link;
  }

  get status(): HubLineStatus {
    const up = this.#link !== undefined;
    return {
      state: up ? 'up' : 'down',
      ...(up && this.#latencyMs !== undefined ? { latencyMs: this.#latencyMs } : {}),
      ...(up || this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** The link; while there is none, why not. The first attempt is waited for. */
  async attempt(): Promise<Link> {
    if (this.#link !== undefined) return this.#link;
    if (this.#lastError !== undefined) throw new MeshError(this.#lastError.code, this.#lastError.message);
    return this.#attempt.promise;
  }

  /** Tells the hub the card as it is now. */
  async publish(): Promise<void> {
    await this.#link?.ask({ op: 'card.put', card: this.#ports.card() });
  }

  async stop(): Promise<void> {
    this.#stop.abort(new MeshError('SHUTTING_DOWN'));
    this.#link?.close('SHUTTING_DOWN');
    await this.#running;
    this.#attempt.reject(new MeshError('SHUTTING_DOWN'));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const error = await this.#once().catch(toMeshError);
      this.#down(error);
      if (signal.aborted) return;
      await this.#ports.clock.sleep(this.#pauseMs(error), { signal }).catch(() => undefined);
    }
  }

  /** From a call to the end of the line; the reason. */
  async #once(): Promise<MeshError> {
    const { take } = this.#ports;
    const link = await this.#ports.dial(this.address, { signal: this.#stop.signal });
    const over = new AbortController();
    const closed = link.closed.then((error) => error ?? new MeshError('LINK_CLOSED'));
    try {
      await this.#register(link);
      this.#up(link);
      const signal = AbortSignal.any([over.signal, this.#stop.signal]);
      const reading = readMailbox({ ...this.#ports, link, signal, take }).catch(toMeshError);
      const tending = this.#tend(link, signal).catch(toMeshError);
      return await Promise.race([closed, reading, tending]);
    } finally {
      over.abort(new MeshError('LINK_CLOSED'));
      link.close();
    }
  }

  async #register(link: Link): Promise<void> {
    const invite = this.#invite === undefined ? {} : { invite: this.#invite };
    await link.ask({ op: 'card.put', card: this.#ports.card(), ...invite });
    this.#invite = undefined;
    await this.#topUp(link);
  }

  async #topUp(link: Link): Promise<void> {
    const { have = 0 } = await link.ask({ op: 'keypackage.put', packages: [] });
    const { keptKeyPackages } = this.#ports.limits;
    if (have >= keptKeyPackages / 2) return;
    const packages = await this.#ports.keyPackages(keptKeyPackages - have);
    await link.ask({ op: 'keypackage.put', packages });
  }

  async #tend(link: Link, signal: AbortSignal): Promise<never> {
    for (;;) {
      this.#latencyMs = await link.ping();
      await this.#ports.clock.sleep(topUpMs, { signal });
      await this.#topUp(link);
    }
  }

  #up(link: Link): void {
    this.#link = link;
    this.#wasUp = true;
    this.#failures = 0;
    this.#lastError = undefined;
    this.#attempt.resolve(link);
    // Before whoever goes through this link hears of its end: who then looks for another way must not get this one.
    void link.closed.then((error) => this.#lose(link, error ?? new MeshError('LINK_CLOSED')));
    this.#ports.onChange();
  }

  #lose(link: Link, error: MeshError): void {
    if (this.#link === link) this.#hasNone(error);
  }

  #hasNone({ code, message }: MeshError): void {
    this.#link = undefined;
    this.#lastError = { code, message, at: this.#ports.clock.now() };
  }

  #down(error: MeshError): void {
    const { logger, onChange } = this.#ports;
    this.#hasNone(error);
    if (askedMs(error) === undefined) this.#failures += 1;
    this.#attempt.reject(error);
    logger.debug('hub.failed', { hub: this.address.base, code: codeOf(error), failures: this.#failures });
    onChange();
  }

  #pauseMs(error: MeshError): number {
    const { limits, random } = this.#ports;
    const pace: Backoff = { firstMs: limits.hubRetryMs, maxMs: limits.hubMaxRetryMs };
    const asked = askedMs(error);
    // A hub that says when to come is there, and full: those whom it sent away together come again one by one.
    if (asked !== undefined) return Math.min(asked, limits.maxHoldMs) * (1 + random.fraction());
    // Whoever was linked lost the hub at the same moment.
    const pause = this.#wasUp ? random.fraction() * limits.hubReturnMs : backoffMs(pace, this.#failures, random);
    this.#wasUp = false;
    return Math.max(pause, error.code === 'LINK_REPLACED' ? replacedMs : 0);
  }
}

function askedMs({ data: { retryAfterMs } }: MeshError): number | undefined {
  return typeof retryAfterMs === 'number' ? retryAfterMs : undefined;
}
