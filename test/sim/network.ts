import { MeshError } from '#kernel';
import type { Connection, ConnectionEnd } from '#link';
import { brokenEnd } from '../../src/link/connection.ts';
import type { Life } from './life.ts';
import { Pipe } from './pipe.ts';
import type { SeededRandom } from './seeded-random.ts';
import { Socket } from './socket.ts';
import type { Timeline } from './timeline.ts';

/** A process on a machine of that name. */
export interface Caller {
  readonly name: string;
  readonly life: Life;
}

/** One that takes connections. */
export interface Callee extends Caller {
  accept(connection: Connection): void;
}

/** A connection between two machines. */
export interface Cable {
  readonly from: string;
  readonly to: string;
  /** Messages under way, both ways. */
  readonly underWay: number;
}

/** One end: the socket, and the pipe out of it. */
interface End {
  readonly name: string;
  readonly socket: Socket;
  readonly out: Pipe;
}

class LaidCable implements Cable {
  readonly ends: readonly [near: End, far: End];

  constructor(near: End, far: End) {
    this.ends = [near, far];
  }

  get from(): string {
    return this.ends[0].name;
  }

  get to(): string {
    return this.ends[1].name;
  }

  get underWay(): number {
    return this.ends[0].out.length + this.ends[1].out.length;
  }

  /** The end at that machine, and the other one. */
  seenFrom(name: string): readonly [own: End, other: End] | undefined {
    const [near, far] = this.ends;
    if (near.name === name) return [near, far];
    return far.name === name ? [far, near] : undefined;
  }
}

export interface NetworkOptions {
  readonly timeline: Timeline;
  readonly random: SeededRandom;
  /** Sees everything that any process writes to a link. */
  onBytes(between: { readonly from: string; readonly to: string }, bytes: Uint8Array): void;
}

/** A goodbye that the far side does not answer is over after this. */
const goodbyeMs = 2000;

/**
 * Reliable ordered streams between machines, as TCP gives them: bytes are late, held up for as long as a way is blocked, and lost with
 * the connection, of which the two ends hear at different times or not at all.
 */
export class Network {
  readonly #options: NetworkOptions;
  readonly #callees = new Map<string, Callee>();
  /** Machines without power: silent, while one whose process ended says so. */
  readonly #silent = new Set<string>();
  readonly #hidden = new Set<string>();
  readonly #blocked = new Set<string>();
  readonly #slow = new Map<string, number>();
  readonly #cables = new Set<LaidCable>();
  /** Ends of connections whose other end lost its power. */
  readonly #orphans = new Map<string, Socket[]>();

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  listen(callee: Callee): void {
    const { timeline, random } = this.#options;
    this.#callees.set(callee.name, callee);
    this.#silent.delete(callee.name);
    // A machine that is back tells those who still write to connections that it knows nothing of.
    for (const socket of this.#orphans.get(callee.name) ?? []) timeline.schedule(random.span(5000), () => socket.end());
    this.#orphans.delete(callee.name);
  }

  /** It takes no more calls. */
  leave(name: string): void {
    this.#callees.delete(name);
  }

  /** Behind a NAT: it calls, and nobody can call it. */
  hide(name: string): void {
    this.#hidden.add(name);
  }

  /** Throws UNREACHABLE when nothing listens there. */
  connect(caller: Caller, to: string): Connection {
    const callee = this.#callees.get(to);
    const isSilent = this.#silent.has(to);
    if (this.#hidden.has(to) || (callee === undefined && !isSilent))
      throw new MeshError('UNREACHABLE', 'Nothing listens there');
    const cable = this.#lay(caller, callee ?? { name: to, life: caller.life });
    const [near, far] = cable.ends;
    if (callee === undefined) near.out.vanish();
    else {
      this.#options.timeline.schedule(this.#latency(caller.name, to), () => {
        if (this.#cables.has(cable)) callee.accept(far.socket);
      });
    }
    return near.socket;
  }

  /** Connections of the machine, or all. */
  cables(name?: string): readonly Cable[] {
    return [...this.#cables].filter(({ from, to }) => name === undefined || from === name || to === name);
  }

  /** The connection breaks; when `halfOpen`, one end does not hear of it. */
  cut(cable: Cable, { halfOpen }: { readonly halfOpen: boolean }): void {
    if (!(cable instanceof LaidCable)) return;
    const deaf = halfOpen ? this.#options.random.below(2) : -1;
    for (const [index, { out }] of cable.ends.entries()) {
      out.lose();
      if (index === deaf) out.vanish();
      else out.finish(brokenEnd);
    }
  }

  /** The process on the machine ended: the system says so to the others, unless the machine itself is gone. */
  vanish(name: string, how: 'killed' | 'power'): void {
    this.#callees.delete(name);
    if (how === 'power') this.#silent.add(name);
    for (const cable of this.#cables) {
      const seen = cable.seenFrom(name);
      if (seen === undefined) continue;
      const [own, other] = seen;
      this.#cables.delete(cable);
      other.out.vanish();
      own.out.lose();
      if (how === 'killed') own.out.finish(brokenEnd);
      else {
        own.out.vanish();
        this.#orphans.set(name, [...(this.#orphans.get(name) ?? []), other.socket]);
      }
    }
  }

  /** From now on nothing gets from one to the other; the way back is another matter. */
  block(from: string, to: string): void {
    this.#blocked.add(wayOf(from, to));
  }

  unblock(from: string, to: string): void {
    if (!this.#blocked.delete(wayOf(from, to))) return;
    for (const cable of this.#cables) {
      const seen = cable.seenFrom(from);
      if (seen !== undefined && seen[1].name === to) seen[0].out.resume();
    }
  }

  slowDown(from: string, to: string, factor: number): void {
    this.#slow.set(wayOf(from, to), factor);
  }

  /** Every way is open and fast. */
  heal(): void {
    this.#slow.clear();
    for (const way of this.#blocked) {
      const [from = '', to = ''] = way.split(' ');
      this.unblock(from, to);
    }
  }

  #lay(caller: Caller, callee: Caller): LaidCable {
    const near = this.#endOf(caller, callee, () => far);
    const far: End = this.#endOf(callee, caller, () => near);
    const cable = new LaidCable(near, far);
    this.#cables.add(cable);
    return cable;
  }

  #endOf(own: Caller, peer: Caller, other: () => End): End {
    const { timeline, random, onBytes } = this.#options;
    const [from, to] = [own.name, peer.name];
    const out = new Pipe({
      timeline,
      random,
      latencyMs: () => this.#latency(from, to),
      isBlocked: () => this.#blocked.has(wayOf(from, to)),
      deliver: (bytes) => {
        other().socket.arrive(bytes);
        socket.wakeWriters();
      },
      deliverEnd: (end) => {
        this.#end(other().socket, end);
        // A goodbye is answered; a cable that was cut says nothing.
        if (socket.isClosing) timeline.schedule(this.#latency(to, from), () => this.#end(socket, end));
      },
    });
    const socket = new Socket({
      life: own.life,
      address: `wire ${to}`,
      out,
      onSend: (bytes) => onBytes({ from, to }, bytes),
      onClose: (end) => {
        timeline.schedule(goodbyeMs, () => this.#end(socket, end));
      },
      onCut: () => {
        timeline.schedule(0, () => {
          this.#end(socket, brokenEnd);
          out.lose();
          out.finish(brokenEnd);
          other().out.vanish();
        });
      },
    });
    return { name: from, socket, out };
  }

  #end(socket: Socket, end: ConnectionEnd): void {
    socket.end(end);
    for (const cable of this.#cables) {
      if (cable.ends.some((one) => one.socket === socket) && cable.ends.every((one) => one.socket.hasEnded))
        this.#cables.delete(cable);
    }
  }

  #latency(from: string, to: string): number {
    const factor = this.#slow.get(wayOf(from, to)) ?? 1;
    return (0.2 + this.#options.random.span(2)) * factor;
  }
}

const wayOf = (from: string, to: string): string => `${from} ${to}`;
