import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { BlockList } from 'node:net';
import type { Clock, Limits, MeshError } from '#kernel';
import { isAboutNodes, isQuestion } from './mdns-packet.ts';
import { lanUnavailable, networkOf, onlyNetwork } from './own-networks.ts';
import { Pace } from './pace.ts';

export interface MulticastOptions {
  /** Address of this machine in the network that is meant; without it the network that the system chooses. */
  readonly interface?: string | undefined;
  readonly clock: Clock;
  readonly limits: Pick<
    Limits,
    | 'maxLanPacketBytes'
    | 'maxLanPacketsPerSecond'
    | 'maxLanPacketsPerSecondOfAddress'
    | 'maxLanRecords'
    | 'maxLanSendsPerSecond'
  >;
}

const anyNetwork = '0.0.0.0';

type Sent = (error: Error | null) => void;

/**
 * The socket under the mDNS library, which trusts its packets and its system. Here packets are bounded in size and number, nothing that the
 * library throws because of one gets out, and what the system refuses becomes an error with a hint instead of the end of the process.
 */
export class MulticastSocket extends EventEmitter {
  /** Resolves when the first packet was sent. Rejects with LAN_UNAVAILABLE. */
  readonly ready: Promise<void>;
  readonly #options: MulticastOptions;
  readonly #socket: Socket;
  readonly #network: BlockList | undefined;
  readonly #received: Pace;
  readonly #sent: Pace;
  readonly #ready = Promise.withResolvers<void>();
  #problem: MeshError | undefined;
  #refusal: unknown;
  #groups = 0;
  #isAnywhere = false;
  #isClosed = false;

  /** Throws LAN_UNAVAILABLE when this machine has no such address. */
  constructor(options: MulticastOptions) {
    super();
    this.#options = options;
    const { clock, limits } = options;
    this.#network = options.interface === undefined ? undefined : networkOf(options.interface);
    this.#received = new Pace(clock, limits.maxLanPacketsPerSecond, limits.maxLanPacketsPerSecondOfAddress);
    this.#sent = new Pace(clock, limits.maxLanSendsPerSecond);
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
    this.#socket = createSocket({ type: 'udp4', reuseAddr: true });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('message', (packet, from) => this.#take(packet, from));
  }

  /** Why packets do not go out at present. */
  get problem(): MeshError | undefined {
    return this.#problem;
  }

  // What follows is called by the library, with the meaning that it has for a socket of node:dgram.

  bind(port: number, address: string, done: () => void): void {
    this.#socket.bind(port, address, () => {
      try {
        // The library joins the groups and sets what it needs now.
        this.emit('listening');
        if (this.#groups === 0) this.#fail(this.#refusal);
      } catch (error) {
        this.#fail(error);
      }
      done();
    });
  }

  addMembership(group: string, address?: string): void {
    try {
      this.#socket.addMembership(group, address);
      this.#groups += 1;
    } catch (error) {
      this.#refusal = error;
      throw error;
    }
  }

  dropMembership(group: string, address?: string): void {
    this.#socket.dropMembership(group, address);
    this.#groups -= 1;
  }

  setMulticastInterface(address: string): void {
    this.#socket.setMulticastInterface(address);
    this.#isAnywhere = address === anyNetwork;
  }

  setMulticastTTL(hops: number): void {
    this.#socket.setMulticastTTL(hops);
  }

  setMulticastLoopback(isOn: boolean): void {
    this.#socket.setMulticastLoopback(isOn);
  }

  // oxlint-disable-next-line max-params -- the signature of node:dgram
  send(packet: Uint8Array, offset: number, length: number, port: number, address: string, done: Sent): void {
    // Questions without end must not make this node talk without end.
    if (this.#isClosed || !this.#sent.take()) return done(null);
    if (this.#isAnywhere) this.#chooseNetwork();
    this.#socket.send(packet, offset, length, port, address, (error) => {
      if (error === null) {
        this.#problem = undefined;
        this.#ready.resolve();
      } else this.#fail(error);
      done(null);
    });
  }

  close(done?: () => void): void {
    this.#isClosed = true;
    this.#socket.close(done);
  }

  /** Without a default route the system refuses to choose, and addresses change: each packet goes where the machine is now. */
  #chooseNetwork(): void {
    try {
      this.#socket.setMulticastInterface(onlyNetwork() ?? anyNetwork);
    } catch {
      // The network went away in this moment: sending says so.
    }
  }

  #fail(cause: unknown): void {
    this.#problem = lanUnavailable(cause, this.#options.interface);
    this.#ready.reject(this.#problem);
  }

  #take(packet: Buffer, from: RemoteInfo): void {
    if (this.#isClosed || (this.#network !== undefined && !this.#network.check(from.address))) return;
    if (!isAboutNodes(packet, this.#options.limits) || !this.#received.take(from.address)) return;
    // The answer would not go out, and making it costs more than anything else here.
    if (isQuestion(packet) && this.#sent.isUsedUp) return;
    try {
      this.emit('message', packet, from);
    } catch {
      // A packet that the library cannot digest: somebody there is broken, or wants this node to be.
    }
  }
}
