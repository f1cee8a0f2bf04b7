import type { Clock, Limits } from '#kernel';
import { type LanAnswer, lanUrls } from './lan-answer.ts';
import { isLoopback } from './local-address.ts';

/** Asks the local network who is there; `onAnswer` gets whatever comes back. */
export interface LanEar {
  /** Asks for the first time. Throws LAN_UNAVAILABLE when this machine cannot. */
  open(onAnswer: (answer: LanAnswer) => void): Promise<LanHearing>;
}

export interface LanHearing {
  ask(): void;
  close(): Promise<void>;
}

export interface HearOptions {
  readonly ear: LanEar;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'maxLanAddresses' | 'maxLanNodes' | 'maxLanNodesPerAddress'>;
  /** How long answers are waited for. */
  readonly listenMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Heard {
  /** Base URLs, each once: of every node the best one, then what else they named. */
  readonly urls: readonly string[];
  /** Answers that are not those of a node of this network. */
  readonly ignored: number;
  /** More nodes than one scan takes. */
  readonly isFull: boolean;
}

/** A datagram may be lost, so that the question is asked so often. */
const questions = 3;

/**
 * Listens for the time given and yields how many nodes have answered. Whatever is said, at most `maxLanNodes` are kept, and of each address
 * at most `maxLanNodesPerAddress`, so that one machine cannot take the room of all.
 */
export async function* hearLan(options: HearOptions): AsyncGenerator<number, Heard, undefined> {
  const { ear, clock, listenMs, signal } = options;
  signal?.throwIfAborted();
  const nodes = new HeardNodes(options.limits);
  const hearing = await ear.open((answer) => nodes.take(answer));
  try {
    for (let asked = 1; asked <= questions; asked += 1) {
      if (asked > 1) hearing.ask();
      await clock.sleep(listenMs / questions, { signal });
      yield nodes.count;
    }
  } finally {
    await hearing.close();
  }
  return nodes.heard();
}

class HeardNodes {
  readonly #limits: HearOptions['limits'];
  readonly #urls = new Map<string, readonly string[]>();
  readonly #perSource = new Map<string, number>();
  #ignored = 0;
  #isFull = false;

  constructor(limits: HearOptions['limits']) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#urls.size;
  }

  take(answer: LanAnswer): void {
    const { source } = answer;
    // The name is said by anybody; with where it came from nobody speaks for somebody else.
    const key = `${source} ${answer.name.toLowerCase()} ${answer.port}`;
    if (this.#urls.has(key)) return;
    const urls = lanUrls(answer, this.#limits);
    const before = this.#perSource.get(source) ?? 0;
    // Nobody else is at this machine's own loopback.
    const isGreedy = before >= this.#limits.maxLanNodesPerAddress && !isLoopback(source);
    if (urls.length === 0 || isGreedy) this.#ignored += 1;
    else if (this.#urls.size >= this.#limits.maxLanNodes) this.#isFull = true;
    else {
      this.#perSource.set(source, before + 1);
      this.#urls.set(key, urls);
    }
  }

  heard(): Heard {
    const lists = [...this.#urls.values()];
    const first = lists.flatMap((urls) => urls.slice(0, 1));
    const others = lists.flatMap((urls) => urls.slice(1));
    return { urls: [...new Set([...first, ...others])], ignored: this.#ignored, isFull: this.#isFull };
  }
}
