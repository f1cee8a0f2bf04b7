import { type Clock, codeOf, type Limits, type Logger, type MeshError, type Random } from '#kernel';
import type { AgentId, Capability } from '#identity';
import { relayCapability, relayCapabilityId } from '#protocol';
import type { AgentHost } from './agent-host.ts';
import type { NodeConfig } from './config.ts';
import type { HostedAgent } from './hosted-agent.ts';
import { invalidConfig } from './invalid-config.ts';
import type { NodeRelay, OpenRelay } from './node-relay.ts';
import type { StateDir } from './state-dir.ts';

export interface RelayMaking {
  readonly state: StateDir;
  readonly config: NodeConfig;
  readonly openRelay?: OpenRelay | undefined;
  readonly fail?: ((error: MeshError) => void) | undefined;
}

interface Base {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** Opened when mesh.toml says that the node is one. Whom any agent of the node trusts is a friend. */
export async function relayOf(
  { state, config, openRelay, fail }: RelayMaking,
  base: Base,
  hosts: ReadonlyMap<string, AgentHost>,
): Promise<NodeRelay | undefined> {
  if (config.relay !== true) return undefined;
  if (openRelay === undefined) throw invalidConfig(state.config, 'node.relay: this program cannot be a relay');
  return await openRelay({
    ...base,
    dir: state.relay,
    isFriend: (agentId) => isFriend(hosts, agentId),
    onBroken: (error) => fail?.(error),
  });
}

const isFriend = (hosts: ReadonlyMap<string, AgentHost>, agentId: AgentId): boolean =>
  [...hosts.values()].some((host) => host.contact(agentId)?.state === 'trusted');

/** After a contact changed: who is trusted by no agent of the node any more has no mailbox here. */
export function forgetStranger(
  relay: NodeRelay | undefined,
  hosts: ReadonlyMap<string, AgentHost>,
  contact: { readonly agentId: AgentId; readonly logger: Logger },
): void {
  const { agentId, logger } = contact;
  if (relay === undefined || isFriend(hosts, agentId)) return;
  relay.forget(agentId).catch((error: unknown) => {
    logger.error('relay.not-forgotten', { agentId, code: codeOf(error) });
  });
}

export interface CardFactsOf {
  readonly config: NodeConfig;
  readonly relay: NodeRelay | undefined;
  readonly endpoints: readonly string[];
}

/** What the card of an agent offers: what mesh.toml says, else what it said before, and the relay of the node. */
export function capabilitiesOf(agent: HostedAgent, { config, relay, endpoints }: CardFactsOf): Capability[] {
  const named = config.agents[agent.name]?.capabilities ?? agent.card().capabilities;
  const own = named.filter(({ id }) => id !== relayCapabilityId).map((one) => ({ ...one, tags: [...one.tags] }));
  if (relay === undefined || endpoints.length === 0) return own;
  return [...own, relayCapability(endpoints.map((base) => ({ base, hub: relay.self.agentId })))];
}
