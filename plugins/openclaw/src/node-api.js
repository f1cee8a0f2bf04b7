// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fieldsOf, NodeError, nodeErrorOf, parsed } from './node-error.js';

/** @import { OperationName, Input, Output, TurnEvent } from '../types/api.ts' */

/**
 * Where each operation of the local API is that this plugin uses.
 *
 * @satisfies {Partial<Record<OperationName, readonly ['GET' | 'POST', string]>>}
 */
export const places = /** @type {const} */ ({
  status: ['GET', '/api/status'],
  agents: ['GET', '/api/agents'],
  contacts: ['GET', '/api/contacts'],
  requests: ['GET', '/api/requests'],
  approve: ['POST', '/api/requests/:id/approve'],
  reject: ['POST', '/api/requests/:id/reject'],
  invite: ['POST', '/api/invites'],
  join: ['POST', '/api/join'],
  send: ['POST', '/api/messages'],
  ask: ['POST', '/api/ask'],
  inbox: ['GET', '/api/inbox'],
  message: ['GET', '/api/inbox/:id'],
  read: ['POST', '/api/inbox/:id/read'],
  track: ['GET', '/api/outbox/:id'],
  attach: ['POST', '/api/attach'],
  complete: ['POST', '/api/turns/:id/complete'],
  release: ['POST', '/api/turns/:id/release'],
});

/** @typedef {Exclude<keyof typeof places, 'attach'>} CalledName */

/** The node that runs on a folder of this machine, over its local API. It is looked for at each call: it may have been restarted. */
export class NodeApi {
  #stateDir;
  #connections = new Agent({ keepAlive: true });

  /** @param {{ stateDir: string }} options */
  constructor({ stateDir }) {
    this.#stateDir = stateDir;
  }

  get stateDir() {
    return this.#stateDir;
  }

  /**
   * Throws NodeError: what the node says, NODE_NOT_RUNNING, NOT_INITIALIZED, UNAUTHORIZED, LINK_CLOSED; the reason of the signal.
   *
   * @template {CalledName} N
   * @param {N} name
   * @param {Input<N>} input
   * @param {{ signal?: AbortSignal | undefined }} [options]
   * @returns {Promise<Output<N>>}
   */
  async call(name, input, { signal } = {}) {
    const response = await this.#request(name, input, { signal, agent: this.#connections });
    const text = await textOf(response, signal);
    const answer = parsed(text);
    if (response.statusCode !== 200 || answer === undefined) throw nodeErrorOf(text, response.statusCode ?? 0);
    return /** @type {Output<N>} */ (answer);
  }

  /**
   * The messages of an agent, as long as they are read. Ends with LINK_CLOSED, the error of the node, or the reason of the signal.
   *
   * @param {Input<'attach'>} input
   * @param {{ signal: AbortSignal }} options
   * @returns {AsyncGenerator<TurnEvent, void, undefined>}
   */
  async *attach(input, { signal }) {
    const response = await this.#request('attach', input, { signal, agent: false });
    if (response.statusCode !== 200) throw nodeErrorOf(await textOf(response, signal), response.statusCode ?? 0);
    for await (const line of linesOf(response, signal)) {
      const event = fieldsOf(parsed(line));
      if (event['error'] !== undefined) throw nodeErrorOf(line, 200);
      yield /** @type {TurnEvent} */ (/** @type {unknown} */ (event));
    }
    throw new NodeError('LINK_CLOSED', 'The node closed the connection', { retryable: true });
  }

  /** Ends the connections that are kept open. */
  close() {
    this.#connections.destroy();
  }

  /**
   * @param {keyof typeof places} name
   * @param {object} input
   * @param {{ signal?: AbortSignal | undefined, agent: Agent | false }} options
   * @returns {Promise<import('node:http').IncomingMessage>}
   */
  #request(name, input, { signal, agent }) {
    signal?.throwIfAborted();
    const { host, port, token } = this.#door();
    const { method, path, body } = targetOf(name, input);
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const options = { host, port, method, path, headers, ...(signal === undefined ? {} : { signal }) };
    return new Promise((resolve, reject) => {
      /** @param {Agent | false} by */
      const start = (by) => {
        const call = request({ ...options, agent: by }, resolve);
        call.on('error', (error) => {
          // The node ends connections that were idle for long, or was restarted since: it has seen nothing of this.
          if (call.reusedSocket && codeIn(error) === 'ECONNRESET' && signal?.aborted !== true) start(false);
          else reject(failureOf(error, this.#stateDir, signal));
        });
        call.end(body);
      };
      start(agent);
    });
  }

  #door() {
    const running = fieldsOf(parsed(readOptional(join(this.#stateDir, 'node.json'))));
    const { apiHost: host, apiPort: port } = running;
    if (typeof host !== 'string' || typeof port !== 'number') throw notRunning(this.#stateDir);
    return { host, port, token: this.token() };
  }

  /** The secret of the local API. Throws UNAUTHORIZED when this user may not read it. */
  token() {
    const path = join(this.#stateDir, 'api-token');
    const token = readOptional(path).trim();
    if (token !== '') return token;
    throw new NodeError('UNAUTHORIZED', `The API token ${path} cannot be read`, {
      hint: 'Run the gateway as the user who started the node.',
    });
  }
}

/**
 * Distributes the input over path, query and body.
 *
 * @param {keyof typeof places} name
 * @param {object} input
 */
export function targetOf(name, input) {
  const [method, pattern] = places[name];
  const fields = Object.entries(input).filter(([, value]) => value !== undefined);
  const path = pattern.replaceAll(/:(\w+)/g, (_match, field) => partOf(String(field), input));
  const rest = fields.filter(([field]) => !pattern.includes(`:${field}`));
  if (method === 'POST') return { method, path, body: JSON.stringify(Object.fromEntries(rest)) };
  const query = new URLSearchParams(
    Object.fromEntries(rest.map(([field, value]) => [field, String(value)])),
  ).toString();
  return { method, path: query === '' ? path : `${path}?${query}`, body: undefined };
}

/**
 * @param {string} field
 * @param {object} input
 */
function partOf(field, input) {
  const value = fieldsOf(input)[field];
  const text = typeof value === 'string' ? value : '';
  // `.` and `..` would change the path, however they are encoded.
  if (text !== '' && text !== '.' && text !== '..') return encodeURIComponent(text);
  throw new NodeError('INVALID_ARGUMENT', `${field} is ${text === '' ? 'missing' : JSON.stringify(text)}`);
}

/**
 * @param {unknown} error
 * @param {string} stateDir
 * @param {AbortSignal | undefined} signal
 * @returns {unknown}
 */
function failureOf(error, stateDir, signal) {
  if (signal?.aborted === true) return signal.reason;
  // A node that was killed leaves its file behind.
  if (codeIn(error) === 'ECONNREFUSED') return notRunning(stateDir);
  return new NodeError('LINK_CLOSED', 'The node closed the connection before it had answered', {
    cause: error,
    retryable: true,
    hint: 'See whether it still runs: mesh status',
  });
}

/** @param {unknown} error */
const codeIn = (error) => /** @type {{ code?: unknown }} */ (error).code;

/** @param {string} stateDir */
function notRunning(stateDir) {
  const isThere = ['identity.json', 'private_key.pem'].some((name) => existsSync(join(stateDir, name)));
  if (isThere) {
    return new NodeError('NODE_NOT_RUNNING', `No mesh node runs on ${stateDir}`, {
      retryable: true,
      hint: 'Start it: mesh up --detach',
    });
  }
  return new NodeError('NOT_INITIALIZED', `${stateDir} holds no mesh agent yet`, {
    hint: 'Make one: mesh init --name NAME, then mesh up --detach. If it is elsewhere, set stateDir of the plugin mesh.',
  });
}

/** @param {string} path */
function readOptional(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * @param {import('node:http').IncomingMessage} response
 * @param {AbortSignal | undefined} signal
 */
async function textOf(response, signal) {
  let text = '';
  for await (const piece of piecesOf(response, signal)) text += piece;
  return text;
}

/**
 * @param {import('node:http').IncomingMessage} response
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<string, void, undefined>}
 */
async function* linesOf(response, signal) {
  let rest = '';
  for await (const piece of piecesOf(response, signal)) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
}

/**
 * @param {import('node:http').IncomingMessage} response
 * @param {AbortSignal | undefined} signal
 * @returns {AsyncGenerator<string, void, undefined>}
 */
async function* piecesOf(response, signal) {
  response.setEncoding('utf8');
  try {
    for await (const piece of response) yield String(piece);
  } catch (error) {
    throw failureOf(error, '', signal);
  }
}
