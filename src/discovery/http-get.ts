import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type Clock, MeshError } from '#kernel';

export interface GetOptions {
  /** For the whole answer, redirects included. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

const maxRedirects = 3;

/**
 * The body of a GET with status 200. Throws UNREACHABLE, TIMEOUT, NOT_FOUND for another status and MALFORMED for too
 * much or a redirect to another host; rejects with the reason of the signal.
 */
export async function httpGet(url: string, options: GetOptions): Promise<Uint8Array> {
  const { signal, clock, timeoutMs } = options;
  signal?.throwIfAborted();
  const over = new AbortController();
  const late = new AbortController();
  clock.sleep(timeoutMs, { signal: over.signal }).then(
    () => late.abort(new MeshError('TIMEOUT', `${url} did not answer within ${timeoutMs} ms`)),
    () => {},
  );
  const both = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
  try {
    return await follow(new URL(url), { both, maxBytes: options.maxBytes });
  } catch (cause) {
    signal?.throwIfAborted();
    late.signal.throwIfAborted();
    if (cause instanceof MeshError) throw cause;
    throw new MeshError('UNREACHABLE', `${url} cannot be reached: ${reasonOf(cause)}`, { cause });
  } finally {
    over.abort();
    // Ends what is still open, such as an answer that was refused half-way.
    late.abort();
  }
}

interface Get {
  readonly both: AbortSignal;
  readonly maxBytes: number;
}

async function follow(start: URL, get: Get): Promise<Uint8Array> {
  let url = start;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const response = await open(url, get.both);
    const target = redirectOf(response, url);
    if (target === undefined) return readBody(response, url, get.maxBytes);
    response.destroy();
    url = target;
  }
  throw new MeshError('MALFORMED', `${start.href} redirects more than ${maxRedirects} times`);
}

function open(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    // No pooled agent: each of thousands of addresses is asked once.
    const sent = request(url, { agent: false, signal, headers: { accept: 'application/json' } });
    sent.once('response', resolve);
    sent.on('error', reject);
    sent.end();
  });
}

/** A redirect stays on the host that was asked: another one was not meant, and may be inside somebody's network. */
function redirectOf(response: IncomingMessage, url: URL): URL | undefined {
  const { statusCode = 0 } = response;
  const { location } = response.headers;
  if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return undefined;
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (target?.origin === url.origin) return target;
  response.destroy();
  throw new MeshError('MALFORMED', `${url.origin} redirects to another host`);
}

async function readBody(response: IncomingMessage, url: URL, maxBytes: number): Promise<Uint8Array> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new MeshError('NOT_FOUND', `${url.href} answers with status ${response.statusCode ?? 0}: no mesh node there`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new MeshError('MALFORMED', `${url.href} answers with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function reasonOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'no answer';
}
