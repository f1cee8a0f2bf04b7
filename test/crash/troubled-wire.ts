import { connect, createServer, type Server, type Socket } from 'node:net';
import { Pump } from './pump.ts';

/** What the network does to the links that run over a wire. */
export type Trouble =
  /** Nobody gets through, and everybody learns it at once. */
  | { readonly kind: 'cut' }
  /** Nothing arrives any more, and nobody learns it; `there` is what the dialler says. */
  | { readonly kind: 'silent'; readonly way: 'both' | 'there' | 'back' }
  | { readonly kind: 'slow'; readonly latencyMs: number; readonly bytesPerSecond: number }
  /** Connections break in the middle of what they carry. */
  | { readonly kind: 'breaking' }
  /** The one who was dialled loses the connection, the dialler does not learn it. */
  | { readonly kind: 'half-open' };

interface Relay {
  readonly near: Socket;
  readonly far: Socket;
  readonly pumps: readonly Pump[];
}

/** A TCP relay in front of a node, with the troubles of a network. */
export class TroubledWire implements AsyncDisposable {
  readonly #server: Server;
  readonly #relays = new Set<Relay>();
  readonly #target: number;
  #trouble: Trouble | undefined;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((near) => this.#accept(near));
  }

  static async open(target: number): Promise<TroubledWire> {
    const wire = new TroubledWire(target);
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  /** Lasts until `heal`. */
  make(trouble: Trouble): void {
    this.#trouble = trouble;
    if (trouble.kind === 'cut') this.#breakAll();
    if (trouble.kind === 'half-open') for (const { far, pumps } of this.#relays) loseFar(far, pumps);
    for (const relay of this.#relays) this.#apply(relay);
  }

  /** What was held back arrives; what was lost stays lost. */
  heal(): void {
    this.#trouble = undefined;
    for (const relay of this.#relays) this.#apply(relay);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#breakAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(near: Socket): void {
    near.on('error', () => near.destroy());
    if (this.#trouble?.kind === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.#target, '127.0.0.1');
    const cut = (): void => this.#break(relay);
    const relay: Relay = { near, far, pumps: [new Pump(near, far, cut), new Pump(far, near, cut)] };
    this.#relays.add(relay);
    far.on('error', () => this.#break(relay));
    near.on('close', () => this.#break(relay));
    far.on('close', () => {
      if (this.#trouble?.kind !== 'half-open') this.#break(relay);
    });
    this.#apply(relay);
  }

  #apply({ pumps: [there, back] }: Relay): void {
    const trouble = this.#trouble;
    const silent = trouble?.kind === 'silent' ? trouble.way : undefined;
    const slow = trouble?.kind === 'slow' ? trouble : undefined;
    const breaking = trouble?.kind === 'breaking';
    there?.set({ held: silent === 'both' || silent === 'there', breaking, slow });
    back?.set({ held: silent === 'both' || silent === 'back', breaking, slow });
  }

  #break({ near, far, ...relay }: Relay): void {
    for (const known of this.#relays) if (known.near === near) this.#relays.delete(known);
    for (const pump of relay.pumps) pump.stop();
    near.resetAndDestroy();
    far.destroy();
  }

  #breakAll(): void {
    for (const relay of this.#relays) this.#break(relay);
  }
}

function loseFar(far: Socket, pumps: readonly Pump[]): void {
  for (const pump of pumps) pump.stop();
  far.destroy();
}
