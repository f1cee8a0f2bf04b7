// @ts-check
import { openSession } from './asked-session.js';
import { detached } from './detached.js';
import { fitted } from './fitted.js';
import { NodeError } from './node-error.js';
import { replyOfRun, traceOf, usageOf } from './reply-in-session.js';
import { peerPrompt, sessionKeyOf, turnText } from './turn-text.js';
import { atWorkFor } from './turns-at-work.js';

/** @import { Clock } from './clock.js' */
/** @import { NodeApi } from './node-api.js' */
/** @import { Handle } from './attachment.js' */
/** @import { RunState, Subagent } from '../types/host.ts' */
/** @import { MessageView } from '../types/api.ts' */

/** @import { Answer } from './fitted.js' */

/** @typedef {Partial<Answer> & { usage?: { tokens: number, costUsd: number } }} Done */

/**
 * @typedef {object} TurnOptions
 * @property {string} gatewayAgent
 * @property {number} timeoutMs
 * @property {Subagent} subagent
 * @property {Clock} clock
 * @property {NodeApi} node
 * @property {string | undefined} meshAgent
 */

const sessionRows = 200;
/** The gateway gives so much of a reply with the end of a run; the whole stands in the session. */
const shortReply = 4096;
const lookMs = 150;

/**
 * Each message is one turn of an agent of the gateway, in a session of its own for the peer and the conversation; the whole reply is the
 * answer. A message starts one turn however often it is offered: the gateway knows it by its id, and the session is searched first for
 * what became of it, also before a restart.
 *
 * @param {TurnOptions} options
 * @returns {Handle}
 */
export function turnHandler(options) {
  return ({ message, signal }) =>
    detached(async () => {
      try {
        return await inTime(options, signal, (both) => doneWith(message, options, both));
      } catch (error) {
        throw isLeaving(error) ? new NodeError('PROGRAM_AWAY', 'The gateway is about to stop') : error;
      }
    });
}

/**
 * Rejects when the caller aborts or the time is over, whatever the gateway does.
 *
 * @param {TurnOptions} options
 * @param {AbortSignal} signal
 * @param {(signal: AbortSignal) => Promise<Done>} work
 * @returns {Promise<Done>}
 */
async function inTime({ clock, timeoutMs }, signal, work) {
  const late = new AbortController();
  const done = new AbortController();
  const both = AbortSignal.any([signal, late.signal]);
  clock.sleep(timeoutMs, done.signal).then(
    () => late.abort(new NodeError('HANDLER_TIMEOUT', `The turn took longer than ${timeoutMs / 1000} s`)),
    () => undefined,
  );
  /** @type {PromiseWithResolvers<Done>} */
  const given = Promise.withResolvers();
  both.addEventListener('abort', () => given.reject(both.reason), { once: true });
  work(both).then(given.resolve, given.reject);
  try {
    return await given.promise;
  } finally {
    done.abort();
  }
}

/**
 * @param {MessageView} message
 * @param {TurnOptions} options
 * @param {AbortSignal} signal
 */
async function doneWith(message, options, signal) {
  const sessionKey = await sessionOf(message, options, signal);
  // An answer to what no session asked stays in the inbox for whoever did.
  if (sessionKey === undefined) return {};
  const text = await atWorkFor({ sessionKey, messageId: message.id, peer: message.peer }, () =>
    replyIn({ sessionKey, message, signal }, options),
  );
  const usage = await usageIn(sessionKey, message, options);
  return { ...(message.type === 'request' ? fitted(text) : {}), ...usage };
}

/**
 * @param {{ sessionKey: string, message: MessageView, signal: AbortSignal }} turn
 * @param {TurnOptions} options
 */
async function replyIn({ sessionKey, message, signal }, options) {
  const { subagent, node } = options;
  const { messages: rows } = await subagent.getSessionMessages({ sessionKey, limit: sessionRows });
  const trace = traceOf(rows, message.id);
  if (trace?.text !== undefined) return trace.text;
  signal.throwIfAborted();
  // One that failed is over for the gateway under its key; one that was interrupted goes on under the same.
  const key = trace?.failed === true ? `${message.id}#${trace.turns + 1}` : (trace?.key ?? message.id);
  const { runId } = await begin(message.type, subagent, {
    sessionKey,
    message: turnText(message, node.token()),
    idempotencyKey: key,
    extraSystemPrompt: peerPrompt,
  });
  const state = await endOf(runId, options, signal);
  if (state.status !== 'ok')
    throw new NodeError('HANDLER_FAILED', state.error ?? `The turn ended with ${state.status}`);
  const short = state.terminalReply?.text ?? '';
  if (short.length < shortReply) return short;
  const whole = await subagent.getSessionMessages({ sessionKey, limit: sessionRows });
  return replyOfRun(whole.messages, runId) ?? short;
}

/**
 * Only what a chat asked for is brought to it: a message of a peer cannot make the gateway write to a person.
 *
 * @param {MessageView['type']} type
 * @param {Subagent} subagent
 * @param {Omit<Parameters<Subagent['run']>[0], 'deliver'>} run
 */
async function begin(type, subagent, run) {
  if (type === 'response') {
    try {
      return await subagent.run({ ...run, deliver: true });
    } catch (error) {
      // The session belongs to no chat. Nothing has begun.
      if (!(error instanceof Error) || !/(channel|target) is required/i.test(error.message)) throw error;
    }
  }
  return subagent.run({ ...run, deliver: false });
}

/**
 * An answer that comes when nobody waits for it any more belongs to the session that asked, as this node remembers it: not as the peer says.
 *
 * @param {MessageView} message
 * @param {TurnOptions} options
 * @param {AbortSignal} signal
 */
async function sessionOf(message, { gatewayAgent, node, meshAgent: agent }, signal) {
  if (message.type !== 'response') return sessionKeyOf(gatewayAgent, message);
  const { correlationId: id } = message;
  if (id === undefined) return undefined;
  const { replyContext, peerId } = await node.call('track', { agent, id }, { signal });
  const asked = openSession(replyContext, node.token());
  return peerId === message.peerId && asked?.startsWith(`agent:${gatewayAgent}:`) === true ? asked : undefined;
}

/**
 * What the turn used, when the budget of the message has a bound for it.
 *
 * @param {string} sessionKey
 * @param {MessageView} message
 * @param {TurnOptions} options
 */
async function usageIn(sessionKey, message, { subagent }) {
  const { tokens, costUsd } = message.budget ?? {};
  if (tokens === undefined && costUsd === undefined) return {};
  const { messages: rows } = await subagent.getSessionMessages({ sessionKey, limit: sessionRows });
  return { usage: usageOf(rows, message.id) };
}

/**
 * @param {string} runId
 * @param {TurnOptions} options
 * @param {AbortSignal} signal
 * @returns {Promise<RunState>}
 */
async function endOf(runId, { subagent, timeoutMs, clock }, signal) {
  for (;;) {
    signal.throwIfAborted();
    const state = await subagent.waitForRun({ runId, timeoutMs });
    if (state.status !== 'pending') return state;
    await clock.sleep(lookMs, signal);
  }
}

/**
 * A gateway that restarts takes no more work: that is not the fault of the message.
 *
 * @param {unknown} error
 */
const isLeaving = (error) =>
  error instanceof Error &&
  !(error instanceof NodeError) &&
  /drain|restart|shutting down|closed before/i.test(error.message);
