import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Limits, MeshError } from '#kernel';
import { toErrorBody } from '#api';
import { AddressRate, type HttpHandler } from '#host';
import type { Card } from '#identity';
import { type DiscoveryDocument, supportedVersions } from '#protocol';

export interface PublicAppOptions {
  /** Of all agents of this node, the default agent first. */
  cards(): readonly Card[];
  /** By name or id; the default agent's without one. */
  cardOf(nameOrId: string | undefined): Card | undefined;
  readonly version: string;
  /** False while the node cannot work. */
  health(): boolean;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'publicRequestsPerSecond' | 'publicRequestBurst' | 'maxPublicAddresses'>;
}

/** Readers take no more (spec 6.8). */
const maxAgents = 100;

/** What a node tells strangers: who lives here, so that they can ask for trust, and that it is well. Nothing else. */
export function createPublicApp(options: PublicAppOptions): HttpHandler {
  const rate = new AddressRate(options);
  return (incoming, outgoing) => {
    incoming.on('error', () => {});
    outgoing.on('error', () => {});
    const retryAfterMs = rate.take(incoming.socket.remoteAddress ?? '');
    const answer = retryAfterMs > 0 ? limited(retryAfterMs) : answerTo(incoming, options);
    // A body is of no interest here; the connection ends rather than being read on.
    const extra = hasBody(incoming) ? { connection: 'close' } : {};
    send(outgoing, { ...answer, headers: { ...answer.headers, ...extra }, headOnly: incoming.method === 'HEAD' });
  };
}

interface PublicAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

function answerTo({ method, url = '' }: IncomingMessage, options: PublicAppOptions): PublicAnswer {
  const [path = '', search = ''] = url.split('?', 2);
  if (method !== 'GET' && method !== 'HEAD') return notFound();
  if (path === '/agent-mesh/discovery') {
    return { status: 200, body: discoveryOf(options) };
  }
  if (path === '/.well-known/agent-mesh.json') {
    const name = new URLSearchParams(search).get('agent') ?? undefined;
    const card = options.cardOf(name);
    return card === undefined ? failure(new MeshError('UNKNOWN_AGENT')) : { status: 200, body: card };
  }
  if (path === '/healthz') {
    const ok = options.health();
    return { status: ok ? 200 : 503, body: { ok } };
  }
  return notFound();
}

const discoveryOf = ({ cards, version }: PublicAppOptions): DiscoveryDocument => ({
  protocol: 'agent-mesh',
  versions: supportedVersions,
  agents: cards().slice(0, maxAgents),
  software: `agent-mesh/${version}`,
});

const failure = (error: MeshError): PublicAnswer => ({ status: error.status, body: toErrorBody(error) });

const notFound = (): PublicAnswer =>
  failure(
    new MeshError('NOT_FOUND', 'There is nothing at this address', {
      hint: 'Agents are found at: GET /agent-mesh/discovery',
    }),
  );

function limited(retryAfterMs: number): PublicAnswer {
  const answer = failure(
    new MeshError('RATE_LIMITED', 'Too many requests from this address', { data: { retryAfterMs } }),
  );
  return { ...answer, headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } };
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

function send(outgoing: ServerResponse, answer: PublicAnswer & { readonly headOnly: boolean }): void {
  const body = Buffer.from(JSON.stringify(answer.body));
  outgoing.writeHead(answer.status, {
    'cache-control': 'no-store',
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  });
  outgoing.end(answer.headOnly ? undefined : body);
}
