import type { Clock, IdSource, Limits, Logger, Random } from '#kernel';
import { MeshError } from '#kernel';
import type { KeyedRate } from '#host';
import type { LinkPeer } from '#link';
import type { MeshStore, Pauses } from '#pipeline';
import type { AgentHost } from './agent-host.ts';
import type { AwaitedAnswers } from './awaited-answers.ts';
import type { ContactWatch } from './contact-watch.ts';
import type { NodeConfig } from './config.ts';
import type { LanDesk } from './lan-desk.ts';
import type { NodeEvent } from './node-event.ts';
import type { NodeRelay } from './node-relay.ts';
import type { StateDir } from './state-dir.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The running parts that the operations work on. Made only by `compose.ts`. */
export interface NodeParts {
  readonly state: StateDir;
  readonly config: NodeConfig;
  readonly store: MeshStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  readonly limits: Limits;
  readonly logger: Logger;
  /** By name; the default agent first. */
  readonly hosts: Map<string, AgentHost>;
  readonly answers: AwaitedAnswers;
  readonly watch: ContactWatch;
  readonly pauses: Pauses;
  /** Of messages that programs begin with, by agent and contact. */
  readonly programRoots: KeyedRate;
  readonly lan: LanDesk;
  /** Absent in a node that keeps nothing for others. */
  readonly relay?: NodeRelay | undefined;
  readonly version: string;
  readonly running?: { readonly startedAt: number; listen(): Address | undefined; api(): Address | undefined };
  /** To the log, and to whoever follows what happens. */
  tell(event: NodeEvent): void;
  /** Makes one more agent and puts it to work. */
  addAgent(agent: { readonly name: string; readonly displayName?: string | undefined }): Promise<AgentHost>;
  /** Looks whether the agent answers at an address that is said to be its own (`callOwn` in dial-peer.ts). */
  callOwn(host: AgentHost, endpoint: string, signal: AbortSignal): Promise<LinkPeer>;
  /** Asks the node to stop; resolves before it has. */
  requestStop(): void;
}

/** The agent named, by name or id; the default one without a name. Throws NOT_FOUND, NOT_INITIALIZED. */
export function hostNamed(parts: Pick<NodeParts, 'hosts'>, name: string | undefined): AgentHost {
  const [first] = parts.hosts.values();
  if (first === undefined) throw new MeshError('NOT_INITIALIZED');
  if (name === undefined) return first;
  const host = parts.hosts.get(name) ?? [...parts.hosts.values()].find(({ agent }) => agent.agentId === name);
  if (host !== undefined) return host;
  const names = [...parts.hosts.keys()];
  throw new MeshError('NOT_FOUND', `This node has no agent ${name}`, {
    hint: `It has: ${names.join(', ')}`,
    data: { names },
  });
}
