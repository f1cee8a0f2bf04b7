import type { AgentId } from '#identity';
import type { Clock, Limits } from '#kernel';
import { hearLan, type LanEar } from './hear-lan.ts';
import type { DiscoveredNode } from './http-discovery.ts';
import { type FetchOptions, scan } from './scan.ts';

export interface LanScanOptions {
  readonly ear: LanEar;
  readonly clock: Clock;
  readonly limits: Limits;
  /** How long answers are waited for, and then each address. */
  readonly timeoutMs: number;
  /** Reads the discovery document and verifies its cards: whatever was heard is only an address. */
  fetchDocument(url: string, options: FetchOptions): Promise<DiscoveredNode>;
  /** Of the node that scans, which hears itself too. */
  isOwn(agentId: AgentId): boolean;
  readonly signal?: AbortSignal | undefined;
}

export type LanScanEvent =
  /** So many nodes have answered. */
  | { readonly type: 'heard'; readonly nodes: number }
  /** So many of their addresses have been asked. */
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'found'; readonly document: DiscoveredNode }
  | LanScanDone;

export interface LanScanDone {
  readonly type: 'done';
  /** Addresses. */
  readonly total: number;
  readonly found: number;
  /** Addresses that there was no time for. */
  readonly unasked: number;
  /** Answers that are not those of a node of this network. */
  readonly ignored: number;
  /** More nodes answered than one scan takes. */
  readonly isFull: boolean;
}

/**
 * Listens who is on the local network, and asks each by HTTP as `scan` does (spec §6.11). A node that is found at several addresses is told
 * once. `done` comes last. Throws LAN_UNAVAILABLE, or the reason of the signal.
 */
export async function* scanLan(options: LanScanOptions): AsyncGenerator<LanScanEvent, void, undefined> {
  const { timeoutMs: listenMs } = options;
  const hearing = hearLan({ ...options, listenMs });
  let heard = await hearing.next();
  while (heard.done !== true) {
    yield { type: 'heard', nodes: heard.value };
    heard = await hearing.next();
  }
  const { urls, ignored, isFull } = heard.value;
  const nodes = new FoundNodes(options.isOwn);
  let done = 0;
  for await (const event of askInTime(urls, options)) {
    if (event.type === 'found') nodes.add(event.document);
    if (event.type !== 'progress') continue;
    done = event.done;
    yield event;
  }
  for (const document of nodes.found) yield { type: 'found', document };
  const counts = { total: urls.length, found: nodes.found.length, unasked: urls.length - done };
  yield { type: 'done', ...counts, ignored, isFull };
}

/** A scan of the addresses that ends, in good order, when `lanAskMs` are over. */
async function* askInTime(urls: readonly string[], options: LanScanOptions) {
  const { clock, limits, timeoutMs, fetchDocument, signal } = options;
  const late = new AbortController();
  const over = new AbortController();
  clock.sleep(limits.lanAskMs, { signal: over.signal }).then(
    () => late.abort(),
    () => {},
  );
  const either = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
  const { scanConcurrency: concurrency } = limits;
  try {
    yield* scan({ targets: urls, timeoutMs, concurrency, fetchDocument, signal: either });
  } catch (error) {
    signal?.throwIfAborted();
    if (!late.signal.aborted) throw error;
  } finally {
    over.abort();
  }
}

/** Nodes by who lives there. */
class FoundNodes {
  readonly #byAgents = new Map<string, DiscoveredNode>();
  readonly #isOwn: (agentId: AgentId) => boolean;

  constructor(isOwn: (agentId: AgentId) => boolean) {
    this.#isOwn = isOwn;
  }

  add(node: DiscoveredNode): void {
    const ids = node.agents.map(({ agentId }) => agentId);
    if (ids.every((agentId) => this.#isOwn(agentId))) return;
    const key = ids.toSorted().join(' ');
    const known = this.#byAgents.get(key);
    if (known === undefined || (!namesItself(known) && namesItself(node))) this.#byAgents.set(key, node);
  }

  get found(): readonly DiscoveredNode[] {
    return [...this.#byAgents.values()];
  }
}

/** Cards are public, and anybody can serve them; an address that they name themselves is the better one. */
const namesItself = ({ url, agents }: DiscoveredNode): boolean =>
  agents.some(({ endpoints }) => endpoints.some((endpoint) => endpoint.replace(/\/$/, '') === url));
