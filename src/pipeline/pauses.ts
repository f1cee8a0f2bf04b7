import { MeshError } from '#kernel';
import { appendAudit } from '#audit';
import type { MeshReader, MeshStore, MeshTransaction } from './store.ts';

/** Since when no program of the node, or of one agent, gets a turn or sends anything (spec 14.8). */
export interface Pause {
  /** Absent when the whole node is paused. */
  readonly agent?: string;
  readonly at: number;
  readonly reason?: string;
}

const keyOf = (agent: string | undefined): string => (agent === undefined ? 'pause' : `pause/${agent}`);

export interface PausesPorts {
  readonly store: MeshStore;
  /** Names of the agents, as they are when it is asked. */
  agents(): Iterable<string>;
}

/** The emergency stop: written down, so that it holds over restarts, and kept in memory, because every turn asks. */
export class Pauses {
  readonly #ports: PausesPorts;
  readonly #known = new Map<string, Pause | undefined>();

  constructor(ports: PausesPorts) {
    this.#ports = ports;
  }

  /** Why the programs of this agent stand still: the pause of the whole node first. */
  of(agent: string): Pause | undefined {
    return this.#at(undefined) ?? this.#at(agent);
  }

  get all(): readonly Pause[] {
    return [undefined, ...this.#ports.agents()].flatMap((agent) => this.#at(agent) ?? []);
  }

  /** Throws PAUSED. */
  check(agent: string): void {
    const pause = this.of(agent);
    if (pause === undefined) return;
    const whom = pause.agent === undefined ? 'All agents of this node are' : `The agent ${pause.agent} is`;
    const why = pause.reason === undefined ? '' : `: ${pause.reason}`;
    throw new MeshError('PAUSED', `${whom} paused by the owner${why}`);
  }

  async begin(pause: Pause & { readonly by: string }): Promise<Pause> {
    const { agent, at, by } = pause;
    const reason = pause.reason === undefined ? {} : { reason: pause.reason };
    const begun = { ...(agent === undefined ? {} : { agent }), at, ...reason };
    // At once, also when the disk is full and it cannot be written down.
    this.#known.set(keyOf(agent), begun);
    await this.#ports.store.transact((tx) => {
      tx.values.set(keyOf(agent), JSON.stringify({ at, ...reason }));
      audit(tx, { at, by, kind: 'programs.paused', agent });
    });
    return begun;
  }

  /** Without an agent, all of them go on. Returns which pauses ended. */
  async end({ agent, at, by }: Pick<Pause, 'agent' | 'at'> & { readonly by: string }): Promise<readonly Pause[]> {
    const ended = this.all.filter((pause) => agent === undefined || pause.agent === agent);
    if (ended.length === 0) return [];
    await this.#ports.store.transact((tx) => {
      for (const pause of ended) tx.values.delete(keyOf(pause.agent));
      audit(tx, { at, by, kind: 'programs.resumed', agent });
    });
    for (const pause of ended) this.#known.set(keyOf(pause.agent), undefined);
    return ended;
  }

  #at(agent: string | undefined): Pause | undefined {
    const key = keyOf(agent);
    if (!this.#known.has(key)) this.#known.set(key, readPause(this.#ports.store.read, agent));
    return this.#known.get(key);
  }
}

interface Entry {
  readonly at: number;
  /** Name of the agent in whose log it stands. */
  readonly by: string;
  readonly kind: string;
  readonly agent: string | undefined;
}

function audit(tx: MeshTransaction, { at, by, kind, agent }: Entry): void {
  appendAudit(tx.audit, { at, agent: by, kind, data: { of: agent ?? 'all agents' } });
}

function readPause({ values }: MeshReader, agent: string | undefined): Pause | undefined {
  const text = values.get(keyOf(agent));
  if (text === undefined) return undefined;
  const { at, reason } = JSON.parse(text) as { at: number; reason?: string };
  return { ...(agent === undefined ? {} : { agent }), at, ...(reason === undefined ? {} : { reason }) };
}
