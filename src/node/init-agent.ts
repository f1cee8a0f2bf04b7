import { existsSync, mkdirSync } from 'node:fs';
import { defaultLimits, MeshError, systemClock, systemRandom } from '#kernel';
import { fingerprintOf, parseName, publicKeyOf } from '#identity';
import { lockStateDir } from '#storage';
import { type AgentFiles, createFirstAgent, createFurtherAgent } from './agent-files.ts';
import { readConfig } from './read-config.ts';
import { readPassphrase } from './read-passphrase.ts';
import { stateDir } from './state-dir.ts';

export interface NewNodeAgent {
  readonly stateDir: string;
  readonly name: string;
  readonly displayName?: string;
  readonly endpoint?: string;
  readonly passphrase?: string;
}

/** Makes the first agent of a folder. Throws ALREADY_INITIALIZED without `force`, NODE_RUNNING, INVALID_ARGUMENT. */
export async function initAgent(options: NewNodeAgent & { readonly force: boolean; readonly port?: number }) {
  const { force, port } = options;
  // Before a folder is made for it.
  parseName(options.name);
  return withFolder(options, (agent, ports) =>
    createFirstAgent(stateDir(options.stateDir), { ...agent, port }, { ...ports, force }),
  );
}

/** One more agent in a folder that no node works on. Throws NOT_INITIALIZED, NAME_TAKEN, NODE_RUNNING, PASSPHRASE_REQUIRED. */
export async function addAgent(options: NewNodeAgent) {
  const state = stateDir(options.stateDir);
  if (!existsSync(state.path)) throw new MeshError('NOT_INITIALIZED', `${state.path} holds no agent yet`);
  const passphrase = options.passphrase ?? readPassphrase(await readConfig(state.config));
  const given = { ...options, ...(passphrase === undefined ? {} : { passphrase }) };
  return withFolder(given, (agent, ports) => createFurtherAgent(state, agent, ports));
}

type Make = (
  agent: Parameters<typeof createFurtherAgent>[1],
  ports: Parameters<typeof createFurtherAgent>[2],
) => Promise<AgentFiles>;

async function withFolder(options: NewNodeAgent, make: Make) {
  const { name, displayName, endpoint, passphrase } = options;
  const { path } = stateDir(options.stateDir);
  makeFolder(path);
  const lock = await lockStateDir(path);
  try {
    const endpoints = endpoint === undefined ? [] : [checkEndpoint(endpoint)];
    const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits, passphrase };
    return factsOf(await make({ name, displayName, endpoints }, ports));
  } finally {
    lock.release();
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new MeshError('INVALID_ARGUMENT', `The state folder ${path} cannot be made: ${String(cause)}`, {
      cause,
      hint: 'Name a folder that you may write to with --state-dir DIR.',
    });
  }
}

/** Without a slash at the end, so that the same address is the same text. Throws INVALID_ARGUMENT. */
export function checkEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '') {
    return url.href.replace(/\/+$/, '');
  }
  throw new MeshError('INVALID_ARGUMENT', `Not an address of a node: ${JSON.stringify(text.slice(0, 200))}`, {
    hint: 'An address looks like http://host:8787 or https://host',
  });
}

function factsOf({ name, card }: AgentFiles) {
  const fingerprint = fingerprintOf(publicKeyOf(card.agentId));
  return {
    name,
    displayName: card.displayName,
    agentId: card.agentId,
    fingerprint: fingerprint.short,
    fingerprintFull: fingerprint.full,
    endpoints: card.endpoints,
  };
}
