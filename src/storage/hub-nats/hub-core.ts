import { MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { IndexedAgent } from './agent-row.ts';
import type { Directory } from './directory.ts';
import type { HubIndex } from './hub-index.ts';
import type { Layout } from './layout.ts';
import type { NatsClient } from './nats-client.ts';

/** What the parts of the store share. */
export interface HubCore {
  readonly client: NatsClient;
  readonly layout: Layout;
  readonly replicas: number;
  /** Those of the present connection. */
  readonly directory: () => Directory;
  readonly index: () => HubIndex;
  /** Runs a step once the store is ready, and again when it fell into a loss of the connection: every step may be done twice. */
  readonly run: <T>(step: () => Promise<T>) => Promise<T>;
  /** Places of before are not to be trusted any more. */
  readonly beginEpoch: () => Promise<void>;
}

/** A member. That somebody is none is asked again of JetStream: another process may just have registered it. */
export async function findMember({ index, directory }: HubCore, id: AgentId): Promise<IndexedAgent | undefined> {
  const known = index().member(id);
  if (known !== undefined) return known;
  await directory().catchUp();
  return index().member(id);
}

export async function needMember(core: HubCore, id: AgentId): Promise<IndexedAgent> {
  const member = await findMember(core, id);
  if (member === undefined) throw new MeshError('UNKNOWN_AGENT');
  return member;
}
