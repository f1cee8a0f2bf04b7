import { MeshError } from '#kernel';
import { type AgentId, type Card, isName } from '#identity';
import { isAgentIdText, isLine, isMap } from './fields.ts';

/** Below the address of a node. */
export const discoveryPath = '/agent-mesh/discovery';

/** What `GET /agent-mesh/discovery` answers, as JSON (spec §6.8). */
export interface DiscoveryDocument {
  readonly protocol: 'agent-mesh';
  /** Versions of the link protocol. */
  readonly versions: readonly number[];
  readonly agents: readonly Card[];
  /** `agent-mesh/<version>` or another name of software, for people. */
  readonly software: string;
  /** When a hub answers. */
  readonly hub?: HubFacts;
}

/** Who may become a member of a hub: everybody, who was invited, or who is on its list. */
export const admissions = ['open', 'invite', 'allowlist'] as const;
export type Admission = (typeof admissions)[number];

/** What a hub tells of itself; the handshake proves its id (spec §12.1). */
export interface HubFacts {
  readonly agentId: AgentId;
  readonly name: string;
  readonly admission: Admission;
}

/** The same as it was read: every card is still to be judged by `verifyCard`. */
export type UnverifiedDiscovery = Omit<DiscoveryDocument, 'agents'> & { readonly agents: readonly unknown[] };

const maxAgents = 100;
const maxVersions = 16;
const maxSoftwareCharacters = 100;

/**
 * The form of parsed JSON, without the cards. Keys that are not known are left out: a newer node may tell more. Throws
 * MALFORMED.
 */
export function parseDiscovery(value: unknown): UnverifiedDiscovery {
  if (!isMap(value) || value['protocol'] !== 'agent-mesh') throw wrong('is not one of this protocol');
  const { versions, agents, software } = value;
  if (!Array.isArray(versions) || versions.length > maxVersions || !versions.every(isVersion)) {
    throw wrong(`must list at most ${maxVersions} versions`);
  }
  if (!Array.isArray(agents) || agents.length > maxAgents) throw wrong(`must list at most ${maxAgents} agents`);
  if (!isLine(software) || software.length > maxSoftwareCharacters)
    throw wrong('must name its software in one short line');
  const hub = value['hub'];
  return { protocol: 'agent-mesh', versions, agents, software, ...(hub === undefined ? {} : { hub: readHub(hub) }) };
}

function readHub(value: unknown): HubFacts {
  if (!isMap(value) || !isAgentIdText(value['agentId']) || !isName(value['name']))
    throw wrong('must name id and name of its hub');
  const admission = admissions.find((known) => known === value['admission']);
  if (admission === undefined) throw wrong(`must say who may join its hub: ${admissions.join(', ')}`);
  return { agentId: value['agentId'], name: value['name'], admission };
}

const isVersion = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 1;

const wrong = (rule: string): MeshError => new MeshError('MALFORMED', `The discovery document ${rule}`);
