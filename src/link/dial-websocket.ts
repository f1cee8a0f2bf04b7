import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { type Clock, type Limits, MeshError } from '#kernel';
import type { Connection } from './connection.ts';
import { inTime } from './deadline.ts';
import { linkPath, linkSubprotocol, WebSocketConnection, webSocketOptions } from './websocket-connection.ts';

export interface DialWebSocketOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'maxHandshakeFrameBytes' | 'dialMs'>;
  readonly signal?: AbortSignal | undefined;
  /** Instead of `limits.dialMs`. */
  readonly timeoutMs?: number | undefined;
}

/**
 * The WebSocket URL of an endpoint of a card: `https://host/base` is `wss://host/base/mesh/v1/link`. Throws
 * INVALID_ARGUMENT.
 */
export function linkUrl(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const scheme = url === undefined ? undefined : schemes.get(url.protocol);
  if (url === undefined || scheme === undefined) {
    throw new MeshError('INVALID_ARGUMENT', `Not an address of a node: ${JSON.stringify(endpoint.slice(0, 200))}`, {
      hint: 'An address looks like http://host:8787 or https://host',
    });
  }
  const base = url.pathname.replace(/\/+$/, '');
  return `${scheme}//${url.host}${base.endsWith(linkPath) ? base : base + linkPath}`;
}

const schemes = new Map([
  ['http:', 'ws:'],
  ['https:', 'wss:'],
  ['ws:', 'ws:'],
  ['wss:', 'wss:'],
]);

/**
 * Connects to the node at an endpoint. Rejects with UNREACHABLE and the reason in words, RATE_LIMITED with
 * `data.retryAfterMs`, INVALID_ARGUMENT, or the reason of the signal.
 */
export async function dialWebSocket(endpoint: string, options: DialWebSocketOptions): Promise<Connection> {
  options.signal?.throwIfAborted();
  const url = linkUrl(endpoint);
  const webSocket = new WebSocket(url, linkSubprotocol, {
    ...webSocketOptions(options.limits),
    followRedirects: false,
  });
  const ms = options.timeoutMs ?? options.limits.dialMs;
  const late = (): MeshError => unreachable(url, `did not answer within ${ms} ms`);
  try {
    return await inTime(opened(webSocket, url), { clock: options.clock, ms, late, signal: options.signal });
  } catch (error) {
    // An attempt that is given up still reports an error; nobody is left to hear it.
    webSocket.on('error', () => {});
    webSocket.terminate();
    throw error;
  }
}

function opened(webSocket: WebSocket, url: string): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let upgraded: IncomingMessage | undefined;
    webSocket.once('upgrade', (response) => {
      upgraded = response;
    });
    webSocket.once('open', () => {
      if (upgraded === undefined) reject(unreachable(url, 'opened no socket'));
      else resolve(new WebSocketConnection({ webSocket, stream: upgraded.socket, address: url }));
    });
    webSocket.once('unexpected-response', (_request, response) => reject(refusal(url, response)));
    webSocket.once('error', (error) => reject(unreachable(url, inWords(error))));
  });
}

function refusal(url: string, response: IncomingMessage): MeshError {
  const status = response.statusCode ?? 0;
  response.resume();
  if (status === 429 || status === 503) {
    const seconds = Number(response.headers['retry-after']);
    const data = Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: Math.min(seconds, 3600) * 1000 } : {};
    return new MeshError('RATE_LIMITED', `${url} takes no more connections now`, { data });
  }
  if (status === 404) return unreachable(url, 'is not the address of a mesh node (HTTP 404)');
  return unreachable(url, `refused the connection (HTTP ${status})`);
}

const unreachable = (url: string, what: string): MeshError =>
  new MeshError('UNREACHABLE', `${url} ${what}`, { data: { url } });

const words = new Map([
  ['ECONNREFUSED', 'refused the connection: nothing listens there'],
  ['ENOTFOUND', 'has a name that does not exist'],
  ['EAI_AGAIN', 'has a name that cannot be looked up now'],
  ['ETIMEDOUT', 'did not answer'],
  ['EHOSTUNREACH', 'is on a machine that cannot be reached'],
  ['ENETUNREACH', 'is in a network that cannot be reached'],
  ['ECONNRESET', 'broke the connection off'],
  ['EPIPE', 'broke the connection off'],
  ['EPROTO', 'does not speak TLS'],
  ['CERT_HAS_EXPIRED', 'has a TLS certificate that has expired'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'has a TLS certificate that nobody vouches for'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'has a TLS certificate that nobody vouches for'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'has a TLS certificate that nobody vouches for'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'has a TLS certificate for another name'],
]);

function inWords(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = words.get(code);
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return 'does not speak HTTP';
  return code === '' ? 'does not speak the link protocol' : `cannot be reached (${code})`;
}
