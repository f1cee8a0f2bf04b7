import { type ErrorCode, MeshError, toMeshError } from '#kernel';
import { failed, fetchDiscovery, heard, rankRoutes } from '#discovery';
import { formatHubAddress } from '#protocol';
import type { Contact } from '#trust';
import type { AgentId } from '#identity';
import type { AgentHost } from './agent-host.ts';
import { relayPeersOf } from './hubs/relay-peers.ts';
import { mailboxesOf, routesOf } from './contact-addresses.ts';
import type { DialWho } from './dial-peer.ts';
import type { NodeParts } from './parts.ts';

/** One way to a contact, as far as it is known. */
export interface ContactRoute {
  readonly kind: 'node' | 'hub' | 'relay';
  readonly url: string;
  readonly state: 'in use' | 'works' | 'fails' | 'untried';
  readonly latencyMs?: number;
  readonly lastHeardAt?: number;
  readonly lastError?: { readonly code: ErrorCode; readonly at: number };
}

/** All ways to the contact in the order in which they are tried. Looks at nothing but what is known here. */
export function routesTo(
  parts: Pick<NodeParts, 'clock' | 'limits'>,
  host: AgentHost,
  contact: Contact,
): ContactRoute[] {
  const { clock, limits } = parts;
  const health = host.health.of(contact.agentId).value;
  const nodes = rankRoutes(routesOf(contact), health, { now: clock.now(), limits });
  const known = (kind: ContactRoute['kind'], url: string, key: string): ContactRoute => {
    const { latencyMs, lastHeardAt, lastError } = health[key] ?? {};
    const isFailing = lastError !== undefined && lastError.at >= (lastHeardAt ?? 0);
    return {
      kind,
      url,
      state: isFailing ? 'fails' : lastHeardAt === undefined ? 'untried' : 'works',
      ...(latencyMs === undefined ? {} : { latencyMs }),
      ...(lastHeardAt === undefined ? {} : { lastHeardAt }),
      ...(isFailing ? { lastError } : {}),
    };
  };
  const routes = [
    ...nodes.map((url) => known('node', url, url)),
    ...mailboxesOf(contact).map((address) => {
      return known(keeperKind(host, address.hub), address.base, formatHubAddress(address));
    }),
  ];
  return withLink(host, contact, routes);
}

/** Whether a hub keeps the frames, or the node of one of our peers. */
const keeperKind = (host: AgentHost, keeper: AgentId): ContactRoute['kind'] =>
  relayPeersOf(host).some(({ addresses }) => addresses.some(({ hub }) => hub === keeper)) ? 'relay' : 'hub';

/** The way in use may be one that the contact opened, at an address that nobody can call. */
function withLink(host: AgentHost, { agentId }: Contact, routes: readonly ContactRoute[]): ContactRoute[] {
  const courier = host.lanes.find(({ peer }) => peer === agentId)?.courier;
  const link = courier?.link;
  if (link === undefined) return [...routes];
  const [, url = link.route] = /^\S+ (.+)$/.exec(link.route) ?? [];
  const kind = link.keeper === undefined ? 'node' : keeperKind(host, link.keeper);
  const { latencyMs, lastHeardAt } = courier?.status() ?? {};
  const used: ContactRoute = {
    kind,
    url,
    state: 'in use',
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(lastHeardAt === undefined ? {} : { lastHeardAt }),
  };
  return [used, ...routes.filter((route) => route.kind !== kind || route.url !== url)];
}

/**
 * Tries every way to the contact: its link by a ping, its node by its discovery document, hubs by a ping. Says nothing to the agent
 * itself, so that it costs no turn of it.
 */
export async function probeRoutes(parts: NodeParts, { host, contact }: DialWho, signal: AbortSignal): Promise<void> {
  const { clock, limits } = parts;
  const health = host.health.of(contact.agentId);
  const probe = async (key: string, look: () => Promise<unknown>): Promise<void> => {
    const startedAt = clock.monotonic();
    try {
      await look();
      health.value = heard(health.value, key, { at: clock.now(), latencyMs: clock.monotonic() - startedAt });
    } catch (error) {
      health.value = failed(health.value, key, { at: clock.now(), code: toMeshError(error).code });
    }
  };
  const nodes = routesOf(contact).map((url) =>
    probe(url, async () => {
      const { agents } = await fetchDiscovery(url, { clock, timeoutMs: limits.scanTimeoutMs, signal });
      if (!agents.some(({ agentId }) => agentId === contact.agentId)) throw new MeshError('UNKNOWN_AGENT');
    }),
  );
  const hubs = mailboxesOf(contact).map((address) =>
    probe(formatHubAddress(address), async () => {
      const link = await host.hubs.mailboxLink(address, contact.agentId, { signal });
      await link.ping().finally(() => link.close());
    }),
  );
  const courier = host.lanes.find(({ peer }) => peer === contact.agentId)?.courier;
  await Promise.all([...nodes, ...hubs, courier?.measure().catch(() => undefined)]);
}
