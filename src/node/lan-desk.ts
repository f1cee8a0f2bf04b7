import { isIPv4 } from 'node:net';
import { type Clock, type Limits, type Logger, MeshError, type Random, toMeshError } from '#kernel';
import { type Announcing, isLoopback, type LanAnnouncement, type LanEar, type MdnsOptions } from '#discovery';
import type { LanSettings } from './config.ts';

export interface LanPorts {
  announce(options: Announcing): Promise<LanAnnouncement>;
  ear(options: MdnsOptions): LanEar;
}

type Listen = Pick<Announcing, 'host' | 'port'>;

export interface LanDeskOptions {
  readonly ports: LanPorts;
  readonly settings: LanSettings;
  readonly versions: readonly number[];
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** How a node stands on the local network, while it is to be found there. */
export interface LanStatus {
  /** By which it is announced; without it nobody finds it. */
  readonly name?: string;
  /** Address of this machine in the network that was chosen. */
  readonly interface?: string;
  /** Why nobody finds it, with a hint. */
  readonly problem?: MeshError;
}

/** Announces the node on the local network, when it is to be found there, and listens for others when it is asked to. */
export class LanDesk {
  readonly #options: LanDeskOptions;
  readonly #ending = new AbortController();
  #interface: string | undefined;
  #announcement: LanAnnouncement | undefined;
  #problem: MeshError | undefined;
  #trying: Promise<void> | undefined;

  constructor(options: LanDeskOptions) {
    this.#options = options;
    this.#interface = options.settings.interface;
  }

  /** Undefined when the node keeps away from the local network. */
  get status(): LanStatus | undefined {
    if (this.#options.settings.enabled !== true) return undefined;
    const problem = this.#problem ?? this.#announcement?.problem();
    return {
      ...(this.#announcement === undefined ? {} : { name: this.#announcement.name }),
      ...(this.#interface === undefined ? {} : { interface: this.#interface }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** Hears other nodes, whether or not this one can be found. */
  get ear(): LanEar {
    const { ports, clock, limits } = this.#options;
    return ports.ear({ interface: this.#interface, clock, limits });
  }

  /** Resolves when the node is announced or cannot be; what may pass is tried again. Never rejects: messages do not need it. */
  async begin(listen: Listen): Promise<void> {
    if (this.#options.settings.enabled !== true) return;
    const { host } = listen;
    // Others can only call where the node listens.
    if (isIPv4(host) && host !== '0.0.0.0' && !isLoopback(host)) this.#interface ??= host;
    if ((isLoopback(host) || host === 'localhost') && (this.#interface === undefined || !isLoopback(this.#interface))) {
      this.#problem = onLoopbackOnly(host);
      return;
    }
    await this.#announce(listen);
    if (this.#announcement === undefined) this.#trying = this.#tryAgain(listen);
  }

  /** Says goodbye. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#trying;
    await this.#announcement?.close();
    this.#announcement = undefined;
  }

  async #announce({ host, port }: Listen): Promise<void> {
    const { ports, versions, clock, random, limits, logger } = this.#options;
    try {
      const announcing = { host, port, versions, interface: this.#interface, clock, random, limits };
      this.#announcement = await ports.announce(announcing);
      this.#problem = undefined;
      logger.info('lan.announced', { name: this.#announcement.name, interface: this.#interface });
    } catch (error) {
      this.#problem = toMeshError(error);
      logger.warn('lan.unavailable', { code: this.#problem.code, error: this.#problem.message });
    }
  }

  /** A machine that starts may get its network later. */
  async #tryAgain(listen: Listen): Promise<void> {
    const { clock, limits } = this.#options;
    const { signal } = this.#ending;
    while (this.#announcement === undefined) {
      await clock.sleep(limits.lanRetryMs, { signal }).catch(() => {});
      if (signal.aborted) return;
      await this.#announce(listen);
    }
  }
}

const onLoopbackOnly = (host: string): MeshError =>
  new MeshError('LAN_UNAVAILABLE', `Nobody on the local network can call this node: it listens on ${host} only`, {
    hint: 'Let it listen for others: mesh down, mesh up --detach --lan --host 0.0.0.0. To try it on this machine alone: interface = "127.0.0.1" under [lan] in mesh.toml',
  });
