import { MeshError, toHex } from '#kernel';
import type { AgentId } from '#identity';
import { type Connection, type ConnectionEnd, memoryConnections, type ReceiveLimit } from '#link';
import { decodeFrame, decodeLinkOperation, encodeLinkOperation, type Frame, type LinkOperation } from '#protocol';
import { seededRandom } from './session-fixtures.ts';

/** One operation that a node wrote to a connection. */
export interface Passing {
  readonly from: string;
  readonly to: string;
  readonly operation: LinkOperation;
  /** The frame in it and its exact bytes as hex, when it carries one. */
  readonly frame?: Frame;
  readonly hex?: string;
}

/** On it goes; twice; not at all; as one or more other operations; or the connection breaks before it. */
export type Fate = 'pass' | 'twice' | 'drop' | 'cut' | LinkOperation | readonly LinkOperation[];

/** Connections break now and then, before one in so many operations; the same ones for the same seed. */
export function breaking(seed: string, oneIn: number): (passing: Passing) => Fate {
  const random = seededRandom(seed);
  return () => (random.fraction() < 1 / oneIn ? 'cut' : 'pass');
}

/** What a node on the wire must offer. */
export interface Callee {
  readonly name: string;
  lives(agentId: AgentId): boolean;
  accept(connection: Connection): void;
}

/** The network between the nodes of one test: everything that passes is noted, delayed, doubled or cut as the test says. */
export class Wire {
  readonly passed: Passing[] = [];
  /** Who dialled, in order, whatever became of it. */
  readonly calls: string[] = [];
  /** Somebody tries to call, whatever becomes of it. */
  onCall: () => void = () => {};
  fate: (passing: Passing) => Fate = () => 'pass';
  /** Nodes behind a NAT: they call, and nobody can call them. */
  readonly hidden = new Set<string>();
  readonly #callees = new Map<string, Callee>();
  readonly #ends = new Set<WireEnd>();
  readonly #paused = new Set<string>();

  join(callee: Callee): void {
    this.#callees.set(callee.name, callee);
  }

  /** Nobody reaches it any more; its connections break for the others, and it hears nothing itself. */
  vanish(name: string): void {
    this.#callees.delete(name);
    this.#paused.delete(name);
    for (const end of this.#ends) if (end.from === name) end.mute();
    this.cut(name);
  }

  /** It takes no more calls; open connections stay. */
  leave(name: string): void {
    this.#callees.delete(name);
  }

  /** Throws UNREACHABLE when the agent is on no node that is up. */
  connect(from: string, to: AgentId): Connection {
    this.onCall();
    const callee = this.#callees.values().find((one) => one.lives(to) && !this.hidden.has(one.name));
    if (callee === undefined) throw new MeshError('UNREACHABLE', 'Nothing listens there');
    this.calls.push(from);
    const [near, far] = memoryConnections();
    callee.accept(this.#end(far, { from: callee.name, to: from }));
    return this.#end(near, { from, to: callee.name });
  }

  /** Breaks every connection of the node, as when its cable is pulled. */
  cut(name: string): void {
    for (const end of this.#ends) if (end.from === name || end.to === name) end.cut();
  }

  /** What the node writes stays in its buffers until `resume`. */
  pause(name: string): void {
    this.#paused.add(name);
  }

  resume(name: string): void {
    this.#paused.delete(name);
    for (const end of this.#ends) if (end.from === name) end.flush();
  }

  isPaused(name: string): boolean {
    return this.#paused.has(name);
  }

  /** Frames that the node wrote, in order, repetitions included. */
  framesOf(name: string): readonly Passing[] {
    return this.passed.filter(({ from, frame }) => from === name && frame !== undefined);
  }

  /** Answers to frames that the node wrote. */
  answersOf(name: string): readonly LinkOperation[] {
    const operations = this.passed.filter(({ from }) => from === name).map(({ operation }) => operation);
    return operations.filter(({ op }) => op === 'delivered' || op === 'refused');
  }

  /** Forgets what passed so far. */
  clear(): void {
    this.passed.length = 0;
    this.calls.length = 0;
  }

  note(end: WireEnd, bytes: Uint8Array): Fate {
    const operation = decodeLinkOperation(bytes);
    const passing: Passing = {
      from: end.from,
      to: end.to,
      operation,
      ...(operation.op === 'frame' ? { frame: decodeFrame(operation.frame), hex: toHex(operation.frame) } : {}),
    };
    this.passed.push(passing);
    return this.fate(passing);
  }

  #end(inner: Connection, between: { from: string; to: string }): WireEnd {
    const end = new WireEnd(this, inner, between);
    this.#ends.add(end);
    void inner.closed.then(() => this.#ends.delete(end));
    return end;
  }
}

/** One end of a connection, under the control of the wire. */
class WireEnd implements Connection {
  readonly from: string;
  readonly to: string;
  readonly closed: Promise<ConnectionEnd>;
  readonly #wire: Wire;
  readonly #inner: Connection;
  readonly #held: Uint8Array[] = [];
  #muted = false;
  #broken = false;

  constructor(wire: Wire, inner: Connection, { from, to }: { from: string; to: string }) {
    this.#wire = wire;
    this.#inner = inner;
    this.from = from;
    this.to = to;
    this.closed = this.#unlessMuted(inner.closed);
  }

  get address(): string {
    return `wire ${this.to}`;
  }

  get bufferedBytes(): number {
    return this.#inner.bufferedBytes;
  }

  send(bytes: Uint8Array, onPassedOn?: () => void): boolean {
    if (this.#muted) return true;
    if (this.#wire.isPaused(this.from)) this.#held.push(bytes.slice());
    else this.#write(bytes);
    onPassedOn?.();
    return true;
  }

  flush(): void {
    for (const bytes of this.#held.splice(0)) this.#write(bytes);
  }

  /** The node behind it is gone: it writes nothing more and never learns how this ended. */
  mute(): void {
    this.#muted = true;
    this.#held.length = 0;
  }

  drained(): Promise<void> {
    return this.#unlessMuted(this.#inner.drained());
  }

  receive(): Promise<Uint8Array | undefined> {
    return this.#unlessMuted(this.#inner.receive());
  }

  discard(message: Uint8Array): void {
    this.#inner.discard(message);
  }

  limitReceive(limit?: ReceiveLimit): void {
    this.#inner.limitReceive(limit);
  }

  close(code: number, reason: string): void {
    if (!this.#muted) this.#inner.close(code, reason);
  }

  cut(): void {
    this.#broken = true;
    this.#inner.cut();
  }

  #write(bytes: Uint8Array): void {
    // Nothing passes a connection that is broken, before its ends know it as well.
    if (this.#broken) return;
    const fate = this.#wire.note(this, bytes);
    if (fate === 'cut') this.cut();
    else for (const passing of passingAs(fate, bytes)) this.#inner.send(passing);
  }

  #unlessMuted<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.#muted || resolve(value),
        (error: unknown) => this.#muted || reject(error),
      );
    });
  }
}

function passingAs(fate: Exclude<Fate, 'cut'>, bytes: Uint8Array): readonly Uint8Array[] {
  if (fate === 'drop') return [];
  if (fate === 'pass') return [bytes];
  if (fate === 'twice') return [bytes, bytes];
  return ('op' in fate ? [fate] : fate).map(encodeLinkOperation);
}
