// @ts-check
import { NodeError } from './node-error.js';
import { textIn } from './tool-params.js';
import { messageResult, notice } from './tool-result.js';

/** @import { Call } from './tools.js' */
/** @import { ContactView, RequestView } from '../types/api.ts' */

/** @param {Call} call */
export async function peers({ node, agent, signal }) {
  const [{ contacts }, { requests }, { agents }] = await Promise.all([
    node.call('contacts', { agent }, { signal }),
    node.call('requests', { agent }, { signal }),
    node.call('agents', { agent }, { signal }),
  ]);
  const self = agents.find(({ name, isDefault }) => (agent === undefined ? isDefault : name === agent));
  const known = contacts.filter(({ state }) => state === 'trusted' || state === 'changed');
  const waiting = requests.filter(({ direction }) => direction === 'in').length;
  return {
    ok: true,
    you: self === undefined ? agent : { name: self.name, id: self.agentId },
    peers: known.map(peerResult),
    ...(waiting === 0 ? {} : { contact_requests: waiting, see: 'mesh_requests' }),
    ...(known.length > 0 ? {} : { hint: 'No peers yet. The owner makes one: openclaw mesh invite' }),
  };
}

/** @param {ContactView} contact */
function peerResult({ petname, agentId, state, tier, link, waiting, inFlight, lastHeardAt, lastError, held }) {
  const undelivered = waiting + inFlight;
  return {
    name: petname,
    id: agentId,
    tier,
    reachable: link === 'up' ? 'now' : 'not now: messages wait for it',
    ...(state === 'trusted' ? {} : { state, hint: 'It shows another key: only the owner can decide about that' }),
    ...(undelivered === 0 ? {} : { undelivered }),
    ...(lastHeardAt === undefined ? {} : { last_heard: new Date(lastHeardAt).toISOString() }),
    ...(held === undefined ? {} : { takes_nothing_because: held.code }),
    ...(link === 'up' || lastError === undefined ? {} : { last_error: lastError.code }),
  };
}

/** @param {Call} call */
export async function inbox({ node, agent, params, signal }) {
  const { id, peer, unread, limit } = params;
  if (typeof id === 'string' && id !== '') {
    const message = await opened(id, { node, agent, signal });
    return { ok: true, message: messageResult(message, { whole: true }), notice };
  }
  const { messages } = await node.call(
    'inbox',
    {
      agent,
      limit: typeof limit === 'number' ? limit : 10,
      ...(typeof peer === 'string' ? { peer } : {}),
      ...(unread === true ? { unread } : {}),
    },
    { signal },
  );
  return { ok: true, messages: messages.map((message) => messageResult(message, { whole: false })), notice };
}

/**
 * Counts as read then, unless it waits for the owner.
 *
 * @param {string} id
 * @param {Pick<Call, 'node' | 'agent' | 'signal'>} where
 */
async function opened(id, { node, agent, signal }) {
  const message = await node.call('message', { agent, id }, { signal });
  return message.state === 'review' ? message : node.call('read', { agent, id }, { signal });
}

/** @param {Call} call */
export async function track({ node, agent, params, signal }) {
  const id = textIn(params, 'id');
  const sent = await node.call('track', { agent, id }, { signal });
  const answer = await answerOf(sent.answerId, { node, agent, signal });
  return {
    ok: true,
    id: sent.id,
    to: { name: sent.peer, id: sent.peerId },
    type: sent.type,
    state: sent.state,
    ...(sent.reason === undefined ? {} : { reason: sent.reason }),
    ...(sent.waits === undefined ? {} : { waits: sent.waits }),
    steps: sent.steps.map(({ at, state, by }) => `${new Date(at).toISOString()} ${state} (says ${by})`),
    ...(answer === undefined ? {} : { answer, notice }),
  };
}

/**
 * That there is an answer may be known before it is here.
 *
 * @param {string | undefined} id
 * @param {Pick<Call, 'node' | 'agent' | 'signal'>} where
 */
async function answerOf(id, { node, agent, signal }) {
  if (id === undefined) return undefined;
  try {
    return messageResult(await opened(id, { node, agent, signal }), { whole: true });
  } catch (error) {
    if (error instanceof NodeError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** @param {Call} call */
export async function requests({ node, agent, signal }) {
  const { requests: all } = await node.call('requests', { agent }, { signal });
  return {
    ok: true,
    incoming: all.filter(({ direction }) => direction === 'in').map(requestResult),
    outgoing: all
      .filter(({ direction }) => direction === 'out')
      .map(({ petname, agentId, delivered }) => ({ name: petname, id: agentId, delivered: delivered === true })),
    rule: 'Only the owner decides. Show the owner the fingerprint and the command, and do nothing else about it.',
  };
}

/** @param {RequestView} request */
function requestResult({ id, petname, agentId, fingerprint, safetyNumber, purpose, sameNameAs, at }) {
  return {
    id,
    claimed_name: petname,
    agent_id: agentId,
    fingerprint,
    safety_number: safetyNumber,
    at: new Date(at).toISOString(),
    ...(purpose === undefined ? {} : { untrusted_purpose: purpose }),
    ...(sameNameAs === undefined ? {} : { warning: `Another contact has this name and another key: ${sameNameAs}` }),
    owner_approves_with: `openclaw mesh approve ${id}`,
  };
}
