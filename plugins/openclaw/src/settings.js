// @ts-check
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * @typedef {object} Settings
 * @property {string} stateDir Of the node. Absolute path.
 * @property {ReadonlyMap<string, string | undefined>} agents By agent of the gateway, the agent of the node that speaks for it; undefined is its first one.
 * @property {boolean} startNode
 * @property {readonly string[]} meshCommand
 * @property {boolean} inbound
 * @property {number} turnTimeoutMs
 * @property {number} concurrency
 * @property {number} askTimeoutMs
 * @property {Readonly<Record<Tier, readonly string[]>>} peerTools What a turn may use that a peer of the tier started; `*` is everything.
 */

/** @typedef {'notify' | 'bounded' | 'trusted' | 'owner' | 'blocked'} Tier */

/** A peer with little trust gets words, a trusted one also questions to others, and the owner's own agents everything. */
const usualTools = /** @type {Readonly<Record<Tier, readonly string[]>>} */ ({
  blocked: [],
  notify: [],
  bounded: [],
  trusted: ['mesh_peers', 'mesh_ask', 'mesh_send', 'mesh_track'],
  owner: ['*'],
});

/**
 * What the owner configured, with what holds without it. The host has checked it against the schema of the plugin.
 *
 * @param {unknown} given
 * @param {{ defaultAgent: string, environment: Readonly<Record<string, string | undefined>> }} host
 * @returns {Settings}
 */
export function settingsOf(given, { defaultAgent, environment }) {
  const fields = /** @type {Readonly<Record<string, unknown>>} */ (given ?? {});
  const seconds = (/** @type {string} */ name, /** @type {number} */ usual) => 1000 * numberOf(fields[name], usual);
  return {
    stateDir: stateDirOf(fields['stateDir'], environment),
    agents: agentsOf(fields['agents'], defaultAgent),
    startNode: fields['startNode'] === true,
    meshCommand: /** @type {readonly string[] | undefined} */ (fields['meshCommand']) ?? ['mesh'],
    inbound: fields['inbound'] !== false,
    turnTimeoutMs: seconds('turnTimeoutSeconds', 600),
    concurrency: numberOf(fields['concurrency'], 4),
    askTimeoutMs: seconds('askTimeoutSeconds', 120),
    peerTools: { ...usualTools, .../** @type {Partial<typeof usualTools>} */ (fields['peerTools']) },
  };
}

/**
 * The agent of the gateway that speaks when nobody says which.
 *
 * @param {import('../types/host.ts').HostConfig | undefined} config
 */
export function defaultAgentOf(config) {
  const list = config?.agents?.list ?? [];
  const entries = Object.entries(config?.agents?.entries ?? {}).map(([id, entry]) => ({ id, ...entry }));
  const all = [...list, ...entries];
  return (all.find((agent) => agent.default === true) ?? all[0])?.id ?? 'main';
}

/**
 * @param {unknown} named
 * @param {Readonly<Record<string, string | undefined>>} environment
 */
function stateDirOf(named, environment) {
  const chosen =
    textOf(named) ?? textOf(environment['AGENT_MESH_HOME']) ?? textOf(environment['OPENCLAW_AGENT_MESH_DIR']);
  if (chosen === undefined) return join(homedir(), '.openclaw', 'agent-mesh');
  return resolve(chosen.startsWith('~/') ? join(homedir(), chosen.slice(2)) : chosen);
}

/**
 * @param {unknown} named
 * @param {string} defaultAgent
 * @returns {ReadonlyMap<string, string | undefined>}
 */
function agentsOf(named, defaultAgent) {
  const entries = Object.entries(named ?? {}).map(([id, name]) => /** @type {const} */ ([id, textOf(name)]));
  return new Map(entries.length === 0 ? [[defaultAgent, undefined]] : entries);
}

/** @param {unknown} value */
const textOf = (value) => (typeof value === 'string' && value !== '' ? value : undefined);

/**
 * @param {unknown} value
 * @param {number} usual
 */
const numberOf = (value, usual) => (typeof value === 'number' ? value : usual);
