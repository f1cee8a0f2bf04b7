import { type Clock, codeOf, type Limits, type Logger } from '#kernel';
import type { AgentId } from '#identity';
import type { HubAddress } from '#protocol';

/** A peer whose node keeps mailboxes for those whom it trusts. */
export interface RelayPeer {
  readonly peer: AgentId;
  /** What the agent calls it. */
  readonly name: string;
  readonly addresses: readonly HubAddress[];
}

export interface Relay {
  readonly peer: AgentId;
  readonly name: string;
  readonly address: HubAddress;
}

export interface StandInPorts {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Whether a hub that the agent joined is connected; undefined when it joined none. */
  hasHub(): boolean | undefined;
  /** The relay that stands in now. `leftAt`: peers are told not to use it any more since then. */
  current(): { readonly isUp: boolean; readonly leftAt?: number | undefined } | undefined;
  relayPeers(): readonly RelayPeer[];
  /** Round trip to the relay in ms. Rejects when it cannot be reached. */
  ping(address: HubAddress, signal: AbortSignal): Promise<number>;
  /** From now on this relay stands in. Rejects when it keeps no mailbox for the agent. */
  begin(relay: Relay): Promise<void>;
  /** Peers are told not to use it any more; what comes there is still taken. */
  leave(): Promise<void>;
  /** They are told to use it again. */
  resume(): Promise<void>;
  /** It is used no more. */
  forget(): Promise<void>;
}

/** Relays that are tried at once. */
const maxTried = 16;

/**
 * Finds somebody to keep the mailbox of an agent while none of its hubs can be reached: the relay of a peer that answers fastest (spec
 * §13.8). Nobody is asked who else wants that, so nothing can be split.
 */
export class StandIn {
  readonly #ports: StandInPorts;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #wake = new AbortController();
  #isNoticed = false;
  /** Since when, by the monotonic clock, there is no hub, or there is one again. */
  #lostAt: number | undefined;
  #backAt: number | undefined;

  constructor(ports: StandInPorts) {
    this.#ports = ports;
  }

  /** A hub or the relay came or went. */
  notice(): void {
    this.#isNoticed = true;
    this.#wake.abort();
    if (this.#stop.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Until there is nothing to wait for but news. */
  async #run(): Promise<void> {
    const { clock, limits, logger } = this.#ports;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#isNoticed = false;
      this.#wake = new AbortController();
      const waitMs = await this.#step().catch((error: unknown) => {
        logger.warn('relay.step-failed', { code: codeOf(error) });
        return limits.relayBackMs;
      });
      if (this.#isNoticed) continue;
      if (waitMs === undefined) return;
      const either = AbortSignal.any([this.#wake.signal, signal]);
      await clock.sleep(waitMs, { signal: either }).catch(() => undefined);
    }
  }

  /** Does what is due. In how many ms the next step is due; undefined when only news can make one. */
  async #step(): Promise<number | undefined> {
    const hasHub = this.#ports.hasHub();
    if (hasHub === true) return this.#withHub();
    this.#backAt = undefined;
    if (hasHub === false) return this.#withoutHub();
    this.#lostAt = undefined;
    if (this.#ports.current() !== undefined) await this.#ports.forget();
    return undefined;
  }

  async #withHub(): Promise<number | undefined> {
    const { clock, limits, current, leave, forget } = this.#ports;
    this.#lostAt = undefined;
    const relay = current();
    if (relay === undefined) return undefined;
    if (relay.leftAt !== undefined) {
      const restMs = relay.leftAt + limits.relayKeptMs - clock.now();
      if (restMs > 0) return restMs;
      await forget();
      return undefined;
    }
    this.#backAt ??= clock.monotonic();
    const restMs = this.#backAt + limits.relayBackMs - clock.monotonic();
    if (restMs > 0) return restMs;
    await leave();
    return limits.relayKeptMs;
  }

  async #withoutHub(): Promise<number | undefined> {
    const { clock, limits, current, resume } = this.#ports;
    const relay = current();
    if (relay?.isUp === true) {
      this.#lostAt = undefined;
      if (relay.leftAt !== undefined) await resume();
      return undefined;
    }
    this.#lostAt ??= clock.monotonic();
    const restMs = this.#lostAt + limits.relayAfterMs - clock.monotonic();
    if (restMs > 0) return restMs;
    return (await this.#promote()) ? undefined : limits.relayBackMs;
  }

  /** The fastest that takes the agent. False when there is none. */
  async #promote(): Promise<boolean> {
    const { relayPeers, begin, logger } = this.#ports;
    const found = await Promise.all(
      relayPeers()
        .slice(0, maxTried)
        .map((peer) => this.#measured(peer)),
    );
    const reachable = found.filter((one) => one !== undefined).toSorted((a, b) => a.latencyMs - b.latencyMs);
    for (const { relay } of reachable) {
      if (this.#stop.signal.aborted) return false;
      try {
        await begin(relay);
        logger.info('relay.promoted', { peer: relay.peer, url: relay.address.base });
        return true;
      } catch (error) {
        logger.info('relay.not-promoted', { peer: relay.peer, url: relay.address.base, code: codeOf(error) });
      }
    }
    return false;
  }

  async #measured({ peer, name, addresses }: RelayPeer): Promise<{ relay: Relay; latencyMs: number } | undefined> {
    const { ping, logger } = this.#ports;
    for (const address of addresses) {
      try {
        return { relay: { peer, name, address }, latencyMs: await ping(address, this.#stop.signal) };
      } catch (error) {
        logger.debug('relay.not-reached', { peer, url: address.base, code: codeOf(error) });
      }
    }
    return undefined;
  }
}
