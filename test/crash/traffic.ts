import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, type ErrorCode } from '#kernel';
import type { JsonObject, Priority } from '#protocol';
import type { Dice } from './dice.ts';
import { type Ledger, messageNumber, type Said } from './ledger.ts';

export interface Sending {
  readonly to: string;
  readonly text: string;
  readonly type: Said['type'];
  readonly priority: Priority;
  readonly idempotencyKey?: string;
  readonly metadata: JsonObject;
}

export interface TrafficOptions {
  readonly ledger: Ledger;
  readonly dice: Dice;
  readonly to: string;
  /** The handler of the peer is slow. */
  readonly gentle: boolean;
  /** Calls may pass each other, as over HTTP: so one at a time. */
  readonly single?: true;
  send(message: Sending): Promise<{ readonly id: string; readonly duplicate: boolean }>;
}

/** Errors that leave open whether the message was accepted. */
const uncertain: ReadonlySet<ErrorCode> = new Set(['LINK_CLOSED', 'NODE_NOT_RUNNING', 'UNREACHABLE', 'INTERNAL']);

const bursts = { gentle: 2, full: 12 } as const;
const pauseMs = { shortest: 5, longest: 80, gentle: 160 } as const;

/**
 * Sends without end, in bursts. Whatever an earlier life left without an answer is asked again first when it has a key, so the numbers
 * of one priority are accepted in rising order.
 */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #pace: Dice;
  #next: number;
  /** Asked with a key, and nobody knows what became of it. */
  #open: readonly Said[];
  #stopped = true;
  #done: Promise<void> = Promise.resolve();

  constructor(options: TrafficOptions) {
    this.#options = options;
    const answers = options.ledger.answers();
    this.#next = Math.max(0, ...answers.keys()) + 1;
    const { dice, gentle } = options;
    this.#open = [...answers]
      .filter(([, answer]) => answer === undefined)
      .map(([n]) => messageNumber({ dice, n, gentle }))
      .filter(({ key }) => key !== undefined);
    this.#pace = options.dice.for(`pace ${this.#next}`);
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#done = this.#run();
  }

  /** Resolves when every call is answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  /** Calls at once, at most; those of one burst begin in order. */
  get #burst(): number {
    const { single, gentle } = this.#options;
    if (single === true) return 1;
    return gentle ? bursts.gentle : bursts.full;
  }

  async #run(): Promise<void> {
    const { gentle } = this.#options;
    while (!this.#stopped) {
      const open = this.#open;
      this.#open = [];
      await this.#sendAll(open.length > 0 ? open : this.#fresh());
      await delay(this.#pace.between(pauseMs.shortest, gentle ? pauseMs.gentle : pauseMs.longest));
    }
  }

  #fresh(): readonly Said[] {
    const { dice, gentle } = this.#options;
    const count = this.#pace.between(1, this.#burst);
    const first = this.#next;
    this.#next += count;
    return Array.from({ length: count }, (_, index) => messageNumber({ dice, n: first + index, gentle }));
  }

  async #sendAll(all: readonly Said[]): Promise<void> {
    const burst = this.#burst;
    for (let from = 0; from < all.length; from += burst) {
      const part = all.slice(from, from + burst);
      const open = (await Promise.all(part.map((said) => this.#send(said)))).filter((said) => said !== undefined);
      if (open.length === 0) continue;
      // Nothing later may go before these are asked again.
      this.#open = [...open, ...all.slice(from + burst)].filter(({ key }) => key !== undefined);
      return;
    }
  }

  /** Resolves with what must be asked again because nobody knows what became of it. */
  async #send(said: Said): Promise<Said | undefined> {
    const { ledger, to, send } = this.#options;
    const { n, type, priority, text, key, fails } = said;
    ledger.asks(said);
    const metadata = { n, ...(fails ? { fails } : {}) };
    try {
      const answer = await send({
        to,
        text,
        type,
        priority,
        metadata,
        ...(key === undefined ? {} : { idempotencyKey: key }),
      });
      ledger.accepted(said, answer);
      return undefined;
    } catch (error) {
      const code = codeOf(error);
      if (uncertain.has(code)) return said;
      ledger.refused(said, code);
      // A full disk or queue: as a program would, wait a moment.
      await delay(pauseMs.longest);
      return undefined;
    }
  }
}
