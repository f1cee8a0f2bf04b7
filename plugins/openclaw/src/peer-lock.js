// @ts-check
import { peerOfRun } from './turns-at-work.js';

/** @import { NodeApi } from './node-api.js' */
/** @import { Settings, Tier } from './settings.js' */
/** @import { ToolDecision, ToolHook } from '../types/host.ts' */

/** They only find other tools; what is called by them is asked about by its own name. */
const wrappers = new Set(['tool_search', 'tool_describe', 'tool_call']);

/**
 * The peer of a session that answers one, whoever speaks in it and however its turn began.
 *
 * @param {string | undefined} sessionKey
 */
export function peerOfSession(sessionKey) {
  const [, gatewayAgent, peer] = /^agent:([^:]+):mesh:(.+):conv_[^:]+$/i.exec(sessionKey ?? '') ?? [];
  return gatewayAgent === undefined || peer === undefined ? undefined : { gatewayAgent, peer };
}

/**
 * The peer whose late answer began a run in the session that asked.
 *
 * @param {string | undefined} sessionKey
 * @param {string | undefined} runId
 */
function peerBehind(sessionKey, runId) {
  const peer = peerOfRun(runId);
  return peer === undefined ? undefined : { gatewayAgent: sessionKey?.split(':')[1] ?? '', peer };
}

/**
 * Which tools a turn may use that a peer started: the text of a peer is told to have no authority, and this is what holds when a model
 * believes it all the same. What cannot be found out is refused.
 *
 * @param {{ settings: Settings, node: NodeApi }} mesh
 * @returns {ToolHook}
 */
export function peerLock({ settings, node }) {
  return async ({ toolName }, { sessionKey, runId }) => {
    const session = peerOfSession(sessionKey) ?? peerBehind(sessionKey, runId);
    if (session === undefined || wrappers.has(toolName)) return undefined;
    const tier = await tierOf(session, { settings, node });
    const allowed = tier === undefined ? [] : settings.peerTools[tier];
    if (allowed.includes('*') || allowed.includes(toolName)) return undefined;
    return refusal(toolName, { peer: session.peer, tier, allowed });
  };
}

/**
 * @param {{ gatewayAgent: string, peer: string }} session
 * @param {{ settings: Settings, node: NodeApi }} mesh
 * @returns {Promise<Tier | undefined>}
 */
async function tierOf({ gatewayAgent, peer }, { settings, node }) {
  const agent = settings.agents.get(gatewayAgent);
  const { contacts } = await node.call('contacts', { agent, state: 'trusted' });
  // The gateway keeps the keys of sessions in lower case.
  const tiers = contacts.filter(({ petname }) => petname.toLowerCase() === peer.toLowerCase()).map(({ tier }) => tier);
  const [first] = tiers;
  return tiers.every((tier) => tier === first) ? first : undefined;
}

/**
 * @param {string} tool
 * @param {{ peer: string, tier: Tier | undefined, allowed: readonly string[] }} session
 * @returns {ToolDecision}
 */
function refusal(tool, { peer, tier, allowed }) {
  const who = tier === undefined ? `${peer}, who is no peer any more,` : `${peer}, whose tier is ${tier},`;
  const may = allowed.length === 0 ? 'no tools' : `only ${allowed.join(', ')}`;
  return {
    block: true,
    blockReason: `A turn for ${who} may use ${may}, so not ${tool}. Answer without it, or say that your owner has to decide. The owner changes it with the setting peerTools of the plugin mesh.`,
  };
}
