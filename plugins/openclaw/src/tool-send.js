// @ts-check
import { createHash } from 'node:crypto';
import { sealSession } from './asked-session.js';
import { NodeError } from './node-error.js';
import { secondsIn, textIn } from './tool-params.js';
import { errorView, messageResult, notice } from './tool-result.js';
import { causeIn } from './turns-at-work.js';

/** @import { Call } from './tools.js' */
/** @import { SentView } from '../types/api.ts' */

/** @param {Call} call */
export async function send(call) {
  const { node, agent, params, signal } = call;
  const sent = await node.call(
    'send',
    {
      agent,
      ...saidIn(call, textIn(params, 'to')),
      type: params['kind'] === 'alert' ? 'alert' : 'notification',
      ...(isPriority(params['priority']) ? { priority: params['priority'] } : {}),
    },
    { signal },
  );
  return { ok: true, ...sentResult(sent) };
}

/** @param {Call} call */
export async function ask(call) {
  const { params, askTimeoutMs } = call;
  const timeoutMs = secondsIn(params, 'timeout_seconds') ?? askTimeoutMs;
  const asked = await askOne(call, textIn(params, 'to'), timeoutMs);
  return { ok: true, ...asked, notice };
}

/** @param {Call} call */
export async function broadcast(call) {
  const { params, node, agent, signal } = call;
  const names = await namesIn(call);
  if (params['dry_run'] === true) return { ok: true, dry_run: true, would_reach: names };
  const waitMs = secondsIn(params, 'wait_seconds');
  const results = await Promise.all(
    names.map(async (peer) => {
      try {
        if (waitMs !== undefined) return await askOne(call, peer, waitMs);
        return sentResult(await node.call('send', { agent, ...saidIn(call, peer) }, { signal }));
      } catch (error) {
        signal?.throwIfAborted();
        return { peer, error: errorView(error) };
      }
    }),
  );
  const failed = results.filter((result) => 'error' in result).length;
  return { ok: failed === 0, peers: names.length, failed, results, ...(waitMs === undefined ? {} : { notice }) };
}

/**
 * What became of a question: its answer, or how to find it later.
 *
 * @param {Call} call
 * @param {string} peer
 * @param {number} timeoutMs
 */
async function askOne(call, peer, timeoutMs) {
  const { node, agent, signal, sessionKey } = call;
  // An answer that comes later than it is waited for goes to the session that asked.
  const context = sessionKey === undefined ? {} : { replyContext: sealSession(sessionKey, node.token()) };
  const startedAt = performance.now();
  try {
    const { request, answer } = await node.call(
      'ask',
      { agent, ...saidIn(call, peer), ...context, timeoutMs },
      { signal },
    );
    const elapsed = Math.round(performance.now() - startedAt);
    return { peer, answered: true, request, elapsed_ms: elapsed, answer: messageResult(answer, { whole: true }) };
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'ANSWER_TIMEOUT') throw error;
    const id = String(error.data['id']);
    const { state, waits } = await node.call('track', { agent, id }, { signal });
    const later = sessionKey === undefined ? '' : ' This session is told when it comes.';
    const waited = `No answer within ${timeoutMs / 1000} s. Look for it with: mesh_track id ${id}.${later}`;
    return { peer, answered: false, state, request: id, waited, ...(waits === undefined ? {} : { waits }) };
  }
}

/**
 * The same call of a tool, when it comes again, is the same message.
 *
 * @param {Call} call
 * @param {string} peer
 */
function saidIn({ params, callKey, sessionKey }, peer) {
  const { text, subject, reply_to: replyTo } = params;
  const said = {
    to: peer,
    text: String(text),
    ...(typeof subject === 'string' ? { subject } : {}),
    ...(typeof replyTo === 'string' ? { replyTo } : {}),
  };
  const digest = createHash('sha256')
    .update(JSON.stringify([callKey, said]))
    .digest('hex');
  const causedBy = causeIn(sessionKey);
  return {
    ...said,
    idempotencyKey: `openclaw-${digest.slice(0, 32)}`,
    ...(causedBy === undefined ? {} : { causedBy }),
  };
}

/** @param {SentView} sent */
function sentResult({ id, state, peer, peerId, conversationId, duplicate }) {
  const repeated = { duplicate, note: 'The same call was made before: this is its message, nothing was sent again.' };
  return { id, state, peer, peer_id: peerId, conversation: conversationId, ...(duplicate ? repeated : {}) };
}

/** @param {Call} call */
async function namesIn({ node, agent, params, signal }) {
  const { to } = params;
  if (Array.isArray(to) && to.length > 0) return [...new Set(to.map(String))];
  const { contacts } = await node.call('contacts', { agent, state: 'trusted' }, { signal });
  if (contacts.length > 0) return contacts.map(({ petname }) => petname);
  throw new NodeError('NOT_FOUND', 'There are no peers yet', {
    hint: 'The owner makes one with: openclaw mesh invite, or openclaw mesh join INVITE',
  });
}

/**
 * @param {unknown} value
 * @returns {value is 'high' | 'normal' | 'low'}
 */
const isPriority = (value) => value === 'high' || value === 'normal' || value === 'low';
