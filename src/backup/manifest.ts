import { type AgentId, isAgentId, isName } from '#identity';
import { MeshError } from '#kernel';
import { damaged } from './damaged.ts';

/** What a backup says about itself (spec 9.3). */
export interface BackupManifest {
  readonly v: 1;
  /** When the database was copied (ms since 1970): everything that was acknowledged before is in the backup. */
  readonly createdAt: number;
  /** `agent-mesh/<version>`, for people. */
  readonly software: string;
  /** The agents of the node, the first one first. */
  readonly agents: readonly { readonly name: string; readonly agentId: AgentId }[];
}

const maxAgents = 1000;

/** Throws UNSUPPORTED_VERSION and BACKUP_DAMAGED. Keys that are not known are of a newer program and are left out. */
export function parseManifest(value: unknown): BackupManifest {
  const { v, createdAt, software, agents } = fieldsOf(value);
  if (v !== 1 && typeof v === 'number') {
    throw new MeshError('UNSUPPORTED_VERSION', `The contents of the backup have version ${v}, this program reads 1`, {
      hint: 'Install the version of Agent Mesh that made it, or a later one.',
    });
  }
  if (v !== 1 || !isWhole(createdAt) || typeof software !== 'string' || !Array.isArray(agents)) {
    throw damaged('it does not say what it holds');
  }
  if (agents.length === 0 || agents.length > maxAgents) throw damaged('it holds no agent, or too many');
  return { v, createdAt, software, agents: agents.map(parseAgent) };
}

function parseAgent(value: unknown): BackupManifest['agents'][number] {
  const { name, agentId } = fieldsOf(value);
  if (typeof name !== 'string' || !isName(name) || !isAgentId(agentId)) throw damaged('it names an agent wrongly');
  return { name, agentId };
}

export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw damaged('a map is missing in it');
  }
  return { ...value };
}

export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
