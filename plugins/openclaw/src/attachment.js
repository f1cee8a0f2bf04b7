// @ts-check
import { codeOf, NodeError } from './node-error.js';

/** @import { NodeApi } from './node-api.js' */
/** @import { Done } from './turns.js' */
/** @import { Clock } from './clock.js' */
/** @import { HostLogger } from '../types/host.ts' */
/** @import { TurnEvent } from '../types/api.ts' */

/**
 * What becomes of one message: a text answers a request, without one the message is done with; what it throws gives the message back.
 *
 * @typedef {(turn: { message: Extract<TurnEvent, { type: 'message' }>['message'], attempt: number, signal: AbortSignal }) => Promise<Done | undefined>} Handle
 */

/**
 * @typedef {object} AttachmentOptions
 * @property {NodeApi} node
 * @property {string} gatewayAgent
 * @property {string | undefined} meshAgent
 * @property {number} concurrency
 * @property {number} timeoutMs
 * @property {Handle} handle
 * @property {HostLogger} logger
 * @property {Clock} clock
 * @property {(error: unknown) => void} onLost
 * @property {() => void} onAttached
 */

/** Answers that nobody waits for any more are for the session that asked. */
const types = /** @type {const} */ (['request', 'notification', 'alert', 'response']);
const firstPauseMs = 250;
const longestPauseMs = 5000;
/** The node withdraws a message that takes too long; the turn should have ended by itself before. */
const graceMs = 5000;

/** Takes the messages of one agent of the node, as long as it is not stopped, whatever becomes of the node. */
export class Attachment {
  #options;
  #stop = new AbortController();
  /** @type {Map<string, AbortController>} */
  #turns = new Map();
  /** What was said last about why it is not attached. */
  #said = '';
  /** @type {Promise<void> | undefined} */
  #done;

  /** @param {AttachmentOptions} options */
  constructor(options) {
    this.#options = options;
  }

  start() {
    this.#done ??= this.#loop();
  }

  /** What is under way is given back to the node. */
  async stop() {
    this.#stop.abort(new NodeError('SHUTTING_DOWN', 'The gateway stops'));
    await this.#done;
  }

  async #loop() {
    const { clock, onLost } = this.#options;
    const { signal } = this.#stop;
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      try {
        await this.#follow(() => (pauseMs = firstPauseMs));
      } catch (error) {
        for (const turn of this.#turns.values()) turn.abort(error);
        if (signal.aborted) break;
        this.#say(error);
        onLost(error);
      }
      await clock.sleep(pauseMs, signal).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
    for (const turn of this.#turns.values()) turn.abort(signal.reason);
  }

  /** @param {() => void} onAttached */
  async #follow(onAttached) {
    const { node, meshAgent: agent, concurrency, timeoutMs, gatewayAgent, logger } = this.#options;
    const asked = { agent, program: 'openclaw', types, concurrency, timeoutMs: timeoutMs + graceMs };
    for await (const event of node.attach(asked, { signal: this.#stop.signal })) {
      if (event.type === 'attached') {
        onAttached();
        this.#said = '';
        this.#options.onAttached();
        logger.info(`mesh: the agent ${gatewayAgent} answers as ${event.agent} (${event.agentId})`);
      } else if (event.type === 'withdrawn') {
        this.#turns.get(event.id)?.abort(new NodeError('HANDLER_TIMEOUT', 'The node took the message back'));
      } else void this.#take(event);
    }
  }

  /**
   * Never rejects.
   *
   * @param {Extract<TurnEvent, { type: 'message' }>} event
   */
  async #take({ message, attempt }) {
    const { node, meshAgent: agent, handle, logger } = this.#options;
    const { id } = message;
    const turn = new AbortController();
    this.#turns.set(id, turn);
    try {
      const answer = await handle({ message, attempt, signal: turn.signal });
      if (!turn.signal.aborted) await node.call('complete', { agent, id, ...answer });
    } catch (error) {
      // The node has it back already, and may have offered it again.
      if (turn.signal.aborted) return;
      const counts = codeOf(error) !== 'PROGRAM_AWAY';
      const text = error instanceof Error ? error.message : String(error);
      logger.warn(`mesh: the message ${id} of ${JSON.stringify(message.peer)} was not handled: ${text}`);
      await node.call('release', { agent, id, error: text.slice(0, 2000) || 'unknown', counts }).catch(() => undefined);
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    }
  }

  /** @param {unknown} error */
  #say(error) {
    const { logger, gatewayAgent } = this.#options;
    const text = error instanceof NodeError ? `${error.message}. ${error.hint}` : String(error);
    if (text === this.#said) return;
    this.#said = text;
    logger.warn(`mesh: the agent ${gatewayAgent} hears no messages: ${text}`);
  }
}
