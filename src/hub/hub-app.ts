import type { IncomingMessage } from 'node:http';
import { type Clock, type Limits, MeshError } from '#kernel';
import { AddressRate, type HttpHandler } from '#host';
import { type DiscoveryDocument, hubVersion, supportedVersions } from '#protocol';
import { errorAnswer, type HttpAnswer, jsonAnswer, send } from './http-answer.ts';
import type { Hub } from './hub.ts';
import { HubMetrics } from './hub-metrics.ts';

export interface HubAppOptions {
  readonly hub: Hub;
  readonly version: string;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** What a hub says over HTTP to everybody: what it is, whether it is well, and numbers. */
export function createHubApp({ hub, version, clock, limits }: HubAppOptions): HttpHandler {
  const rate = new AddressRate({ clock, limits });
  const metrics = new HubMetrics(hub);
  const document: DiscoveryDocument = {
    protocol: 'agent-mesh',
    versions: supportedVersions.filter((one) => one >= hubVersion),
    agents: [],
    software: `agent-mesh/${version}`,
    hub: hub.facts,
  };
  const answerTo = async ({ method, url = '' }: IncomingMessage): Promise<HttpAnswer> => {
    const [path] = url.split('?', 1);
    if (method === 'GET' || method === 'HEAD') {
      if (path === '/agent-mesh/discovery') return jsonAnswer(200, document);
      if (path === '/healthz') return jsonAnswer(200, { ok: true });
      if (path === '/readyz') return jsonAnswer(hub.isOpen ? 200 : 503, { ok: hub.isOpen });
      if (path === '/metrics')
        return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await metrics.text() };
    }
    const hint = 'A hub says what it is at: GET /agent-mesh/discovery';
    return errorAnswer(new MeshError('NOT_FOUND', 'There is nothing at this address', { hint }));
  };
  return (incoming, outgoing) => {
    const retryAfterMs = rate.take(incoming.socket.remoteAddress ?? '');
    const limited = new MeshError('RATE_LIMITED', 'Too many requests from this address', { data: { retryAfterMs } });
    send(incoming, outgoing, retryAfterMs > 0 ? Promise.resolve(errorAnswer(limited)) : answerTo(incoming));
  };
}
