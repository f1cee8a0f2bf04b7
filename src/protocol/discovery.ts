import { MeshError } from '#kernel';
import type { Card } from '#identity';
import { isLine, isMap } from './fields.ts';

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
  return { protocol: 'agent-mesh', versions, agents, software };
}

const isVersion = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 1;

const wrong = (rule: string): MeshError => new MeshError('MALFORMED', `The discovery document ${rule}`);
