import { type Clock, codeOf, type Limits, type Logger, MeshError, type Random, toMeshError } from '#kernel';
import type { AgentId, VerifiedCard } from '#identity';
import { failed, fetchDiscovery, heard, isFailingRoute, rankRoutes } from '#discovery';
import { callAgent, type Connection, dialLink, dialWebSocket, type Link, type LinkHandler, type LinkPeer } from '#link';
import { changeContact } from '#pipeline';
import { formatHubAddress, type HubAddress, hubVersion } from '#protocol';
import type { Contact } from '#trust';
import type { AgentHost } from './agent-host.ts';
import { mailboxesOf, routesOf } from './contact-addresses.ts';
import type { DialHow } from './dial-how.ts';
import { withHeadStart } from './head-start.ts';
import { relayPeersOf } from './hubs/relay-peers.ts';

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
  const mailboxes = options.direct === true ? [] : rankedMailboxes(ports, who);
  const relays = options.direct === true ? [] : relaysToAsk(who, mailboxes);
  const node = dialNode(ports, who, options);
  if (mailboxes.length === 0 && relays.length === 0) return node;
  const wait = { clock: ports.clock, ms: ports.limits.directHeadStartMs, signal: options.signal };
  const first = await withHeadStart(node.catch(toMeshError), wait);
  if (first !== undefined && !(first instanceof MeshError)) return first;
  let last: unknown = first;
  for (const address of mailboxes) {
    try {
      return await dialMailbox(ports, who, { ...options, address });
    } catch (error) {
      last = error;
    }
  }
  const relayed = await firstRelay(ports, who, { ...options, relays });
  if (relayed !== undefined) return relayed;
  if (first === undefined) return node;
  throw last;
}

async function dialMailbox(
  ports: DialPorts,
  { host, contact: { agentId } }: DialWho,
  { address, ...options }: DialHow & { readonly address: HubAddress },
): Promise<Link> {
  const health = host.health.of(agentId);
  const key = formatHubAddress(address);
  try {
    const link = await host.hubs.mailboxLink(address, agentId, options);
    health.value = heard(health.value, key, { at: ports.clock.now() });
    return link;
  } catch (error) {
    health.value = failed(health.value, key, { at: ports.clock.now(), code: toMeshError(error).code });
    throw error;
  }
}

/**
 * A peer that lost all its hubs may have found a relay, and cannot say so where its hubs are not: peers of ours that keep mailboxes are
 * asked for it.
 */
async function firstRelay(
  ports: DialPorts,
  who: DialWho,
  { relays, ...options }: DialHow & { readonly relays: readonly HubAddress[] },
): Promise<Link | undefined> {
  for (const address of relays) {
    try {
      const link = await who.host.hubs.mailboxLink(address, who.contact.agentId, options);
      try {
        await link.getCard();
        return link;
      } catch (error) {
        link.close();
        throw error;
      }
    } catch (error) {
      ports.logger.debug('relay.not-used', { relay: address.base, code: codeOf(error) });
    }
  }
  return undefined;
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

/** Those that failed lately come last. */
function rankedMailboxes({ clock, limits }: DialPorts, { host, contact }: DialWho): readonly HubAddress[] {
  const health = host.health.of(contact.agentId).value;
  const isFailing = (address: HubAddress): boolean =>
    isFailingRoute(health[formatHubAddress(address)], { now: clock.now(), limits });
  const all = mailboxesOf(contact);
  return [...all.filter((address) => !isFailing(address)), ...all.filter(isFailing)];
}

/** At most so many are asked for a peer. */
const maxRelaysAsked = 8;

/** One address of each relay of a peer that is not known to keep frames for the contact. */
function relaysToAsk({ host, contact }: DialWho, known: readonly HubAddress[]): readonly HubAddress[] {
  const others = relayPeersOf(host).filter(({ peer }) => peer !== contact.agentId);
  const offered = others.flatMap(({ addresses }) => addresses.slice(0, 1));
  return offered.filter(({ hub }) => !known.some((address) => address.hub === hub)).slice(0, maxRelaysAsked);
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
