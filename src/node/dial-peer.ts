import { type Clock, codeOf, type Limits, type Logger, MeshError, type Random, toMeshError } from '#kernel';
import type { AgentId, VerifiedCard } from '#identity';
import { failed, fetchDiscovery, heard, rankRoutes } from '#discovery';
import { callAgent, type Connection, dialLink, dialWebSocket, type Link, type LinkHandler, type LinkPeer } from '#link';
import { changeContact } from '#pipeline';
import { formatHubAddress, type HubAddress, hubVersion, parseHubAddress } from '#protocol';
import type { Contact } from '#trust';
import type { AgentHost } from './agent-host.ts';
import type { DialHow } from './dial-how.ts';

export interface DialPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly handler: LinkHandler;
  readonly versions?: readonly number[] | undefined;
  /** A connection inside the process when the peer lives on this node too. */
  connectLocal(peer: AgentId): Connection | undefined;
  /** A connection to a hub. */
  connectHub(address: HubAddress, options: DialHow): Promise<Connection>;
}

export interface DialWho {
  readonly host: AgentHost;
  readonly contact: Contact;
}

/**
 * Opens a link to the contact: to its node if that can be reached, else to the first mailbox of it that can. A node that does not answer
 * at once is not waited for: its link, if it comes, takes the place of the mailbox. Rejects with the error of the last way tried.
 */
export async function dialPeer(ports: DialPorts, who: DialWho, options: DialHow): Promise<Link> {
  const mailboxes = options.direct === true ? [] : mailboxesOf(who.contact);
  const node = dialNode(ports, who, options);
  if (mailboxes.length === 0) return node;
  const first = await Promise.race([node.catch(toMeshError), headStart(ports, options)]);
  if (first !== undefined && !(first instanceof MeshError)) return first;
  let last: unknown = first;
  for (const address of mailboxes) {
    const { agentId } = who.contact;
    const health = who.host.health.of(agentId);
    try {
      const link = await who.host.hubs.mailboxLink(address, agentId, options);
      health.value = heard(health.value, formatHubAddress(address), { at: ports.clock.now() });
      return link;
    } catch (error) {
      last = error;
      const failure = { at: ports.clock.now(), code: toMeshError(error).code };
      health.value = failed(health.value, formatHubAddress(address), failure);
    }
  }
  if (first === undefined) return node;
  throw last;
}

async function headStart({ clock, limits }: DialPorts, { signal }: DialHow): Promise<undefined> {
  await clock.sleep(limits.directHeadStartMs, { signal }).catch(() => undefined);
}

async function dialNode(ports: DialPorts, who: DialWho, options: DialHow): Promise<Link> {
  const { host, contact } = who;
  const local = ports.connectLocal(contact.agentId);
  if (local !== undefined) return handshake(ports, who, { connection: local, route: 'local', ...options });
  let last: MeshError | undefined;
  const { clock, limits } = ports;
  const health = host.health.of(contact.agentId);
  for (const endpoint of rankRoutes(routesOf(contact), health.value, { now: clock.now(), limits })) {
    try {
      const startedAt = clock.monotonic();
      const connection = await dialWebSocket(endpoint, { clock, limits, signal: options.signal });
      const link = await handshake(ports, who, { connection, route: `direct ${endpoint}`, ...options });
      health.value = heard(health.value, endpoint, { at: clock.now(), latencyMs: clock.monotonic() - startedAt });
      return link;
    } catch (error) {
      last = toMeshError(error);
      health.value = failed(health.value, endpoint, { at: clock.now(), code: last.code });
      if (last.code === 'UNKNOWN_AGENT' || last.code === 'HANDSHAKE_FAILED') await lookForNewKey(ports, who, endpoint);
    }
  }
  throw (
    last ??
    new MeshError('UNREACHABLE', `No address of ${contact.petname} is known`, {
      hint: 'It has to connect to this node, or to be asked with its address: mesh request URL',
      data: { agent: host.agent.name },
    })
  );
}

/**
 * Looks whether this agent answers at the address. An earlier life of it that is found there hears of this one, and a later life ends
 * this one (spec 6.9). Rejects with UNREACHABLE, UNKNOWN_AGENT, HANDSHAKE_FAILED, SUPERSEDED.
 */
export async function callOwn(
  ports: DialPorts,
  host: AgentHost,
  to: { readonly endpoint: string; readonly signal: AbortSignal },
): Promise<LinkPeer> {
  const { endpoint, signal } = to;
  const connection = await dialWebSocket(endpoint, { clock: ports.clock, limits: ports.limits, signal });
  const admit = (remote: LinkPeer): void => host.succession.admit(remote);
  return callAgent({ ...ports, connection, expect: host.agent.agentId, signal, admit });
}

/** A link of the agent to a hub, which must have the key that the address names. */
export async function dialHub(
  ports: DialPorts,
  host: AgentHost,
  { address, signal }: DialHow & { readonly address: HubAddress },
): Promise<Link> {
  const connection = await ports.connectHub(address, { signal });
  const route = `hub ${address.base}`;
  const link = await dialLink({ ...ports, connection, route, signal, self: host.agent.linkSelf, expect: address.hub });
  if (link.version >= hubVersion) return link;
  link.close();
  throw new MeshError(
    'PEER_TOO_OLD',
    `${address.base} speaks version ${link.version} of the link protocol: it is no hub`,
  );
}

/** Addresses of its node, from the pinned card first, then those it was met at. */
export function routesOf(contact: Contact): readonly string[] {
  const met = contact.routes.filter((route) => parseHubAddress(route) === undefined);
  return [...new Set([...(contact.card?.endpoints ?? []), ...met])];
}

/** Who keeps frames for it, in the order that it wants, then where it was found. */
export function mailboxesOf(contact: Contact): readonly HubAddress[] {
  const urls = new Set([...(contact.card?.mailboxes ?? []), ...contact.routes]);
  return [...urls].map(parseHubAddress).filter((address) => address !== undefined);
}

function handshake(
  ports: DialPorts,
  { host, contact }: DialWho,
  way: { readonly connection: Connection; readonly route: string; readonly signal: AbortSignal },
): Promise<Link> {
  return dialLink({ ...ports, ...way, self: host.agent.linkSelf, expect: contact.agentId });
}

/**
 * Somebody else answers at the address of a peer. When that is an agent of the same name, its key changed without a rotation
 * statement: the contact is frozen until a person compared fingerprints.
 */
async function lookForNewKey(ports: DialPorts, { host, contact }: DialWho, endpoint: string): Promise<void> {
  const pinned = contact.card;
  if (contact.state !== 'trusted' || pinned === undefined) return;
  try {
    const { agents } = await fetchDiscovery(endpoint, { clock: ports.clock, timeoutMs: ports.limits.scanTimeoutMs });
    const found = agents.find((card: VerifiedCard) => card.name === pinned.name && card.agentId !== contact.agentId);
    if (found === undefined) return;
    await changeContact(host.desk, contact.agentId, { type: 'keyChanged', card: found });
    ports.logger.warn('contact.changed', { agent: host.agent.name, peer: contact.agentId, presented: found.agentId });
  } catch (error) {
    ports.logger.debug('new-key.not-found', { peer: contact.agentId, code: codeOf(error) });
  }
}
