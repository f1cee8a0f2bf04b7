import { MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { int, text } from './columns.ts';
import type { Queries } from './database.ts';

/** One local agent and one peer; other tables name it by `no`. */
export interface Lane {
  readonly no: number;
  readonly agent: string;
  readonly peer: AgentId;
}

/** All lanes, held in memory: there are as many as contacts. */
export class Lanes {
  readonly #queries: Queries;
  #byNo: Map<number, Lane> | undefined;
  #byAgent = new Map<string, Map<AgentId, Lane>>();

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** The number of the lane, if anything was ever stored for it. */
  find(agent: string, peer: AgentId): number | undefined {
    this.#loaded();
    return this.#byAgent.get(agent)?.get(peer)?.no;
  }

  /** Throws STORE_CORRUPT when a row names a lane that does not exist. */
  at(no: number): Lane {
    const lane = this.#loaded().get(no);
    if (lane === undefined) throw new MeshError('STORE_CORRUPT', `A row belongs to lane ${no}, which does not exist`);
    return lane;
  }

  of(agent: string): readonly Lane[] {
    this.#loaded();
    return [...(this.#byAgent.get(agent)?.values() ?? [])];
  }

  /** Those of these peers for which anything was ever stored. */
  among(agent: string, peers: Iterable<AgentId>): readonly Lane[] {
    this.#loaded();
    const known = this.#byAgent.get(agent);
    return [...peers].flatMap((peer) => known?.get(peer) ?? []);
  }

  get all(): readonly Lane[] {
    return [...this.#loaded().values()];
  }

  /** The number of the lane, made when it is new. `queries` is the open transaction. */
  ensure(queries: Queries, agent: string, peer: AgentId): number {
    const known = this.find(agent, peer);
    if (known !== undefined) return known;
    const no = queries.insert('INSERT INTO lane (agent, peer) VALUES (?, ?)', agent, peer);
    this.#add({ no, agent, peer });
    return no;
  }

  /** After a rollback, or when lanes were renamed: read again when needed. */
  reset(): void {
    this.#byNo = undefined;
    this.#byAgent = new Map();
  }

  #loaded(): Map<number, Lane> {
    if (this.#byNo !== undefined) return this.#byNo;
    this.#byNo = new Map();
    for (const row of this.#queries.all('SELECT no, agent, peer FROM lane ORDER BY no')) {
      this.#add({ no: int(row, 'no'), agent: text(row, 'agent'), peer: text(row, 'peer') as AgentId });
    }
    return this.#byNo;
  }

  #add(lane: Lane): void {
    this.#byNo?.set(lane.no, lane);
    const peers = this.#byAgent.get(lane.agent);
    if (peers === undefined) this.#byAgent.set(lane.agent, new Map([[lane.peer, lane]]));
    else peers.set(lane.peer, lane);
  }
}
