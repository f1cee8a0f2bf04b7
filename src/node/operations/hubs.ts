import type { Operations, Output } from '#api';
import { type ErrorCode, MeshError, toMeshError } from '#kernel';
import { fingerprintOf, parseCard, publicKeyOf, type VerifiedCard, verifyCard } from '#identity';
import { fetchDiscovery } from '#discovery';
import type { Link } from '#link';
import { decodeHubInvite, formatHubAddress, type HubAddress, relaysIn } from '#protocol';
import { resolveContact } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import { hubNamed, type KnownHub } from '../hubs/find-hub.ts';
import { hostNamed, type NodeParts } from '../parts.ts';
import { foundAgent } from './agents.ts';
import { defined } from './defined.ts';

type HubOperations = Pick<Operations, 'hubs' | 'joinHub' | 'leaveHub' | 'directory'>;
type Entry = Output<'directory'>['agents'][number];

const usualLimit = 200;

/** The hubs of an agent: where its mailbox is, and whom it finds there. */
export function hubOperations(parts: NodeParts): HubOperations {
  return {
    async hubs(input) {
      const host = hostNamed(parts, input.agent);
      return { hubs: host.hubs.memberships.map((hub) => hubView(host, hub)) };
    },

    async joinHub(input) {
      const host = hostNamed(parts, input.agent);
      if (input.relay === true) return hubView(host, await joinRelay(host, input.target));
      const joining = await hubToJoin(parts, input);
      return hubView(host, await host.hubs.join(joining).catch((error: unknown) => notJoined(host, joining, error)));
    },

    async leaveHub(input) {
      const host = hostNamed(parts, input.agent);
      const hub = hubNamed(host, input.hub);
      await host.hubs.leave(hub.membership.address.hub);
      return { left: hubView(host, { ...hub, status: { state: 'down' } }) };
    },

    async directory(input) {
      const host = hostNamed(parts, input.agent);
      // A relay tells nobody whom it serves.
      const listing = host.hubs.memberships.filter(({ membership }) => membership.relayOf === undefined);
      const hubs = input.hub === undefined ? listing : [hubNamed(host, input.hub)];
      if (hubs.length === 0) throw new MeshError('NO_HUB');
      const { limit = usualLimit, search, capability } = input;
      const query = { ...defined({ search, capability }), limit };
      const found = await Promise.allSettled(hubs.map((hub) => listed(parts, { host, hub }, query)));
      const entries = found.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
      const problems = found.flatMap((result, index) => {
        if (result.status === 'fulfilled') return [];
        const { code, message } = toMeshError(result.reason);
        return [{ hub: hubs[index]?.membership.name ?? '', code, message }];
      });
      const [problem] = problems;
      if (problem !== undefined && problems.length === hubs.length) throw toMeshError(firstReason(found));
      return { agents: entries.slice(0, limit), more: entries.length > limit, problems };
    },
  };
}

const firstReason = (results: readonly PromiseSettledResult<unknown>[]): unknown =>
  results.find((result) => result.status === 'rejected')?.reason;

/** `NAME@HUB`: the one agent of that name at a hub of ours, and how it is reached. Undefined for anything else. */
export async function agentAtHub(parts: NodeParts, host: AgentHost, target: string) {
  const [, name, where] = /^([a-z0-9][a-z0-9._-]{0,62})@(.+)$/.exec(target) ?? [];
  if (name === undefined || where === undefined) return undefined;
  const hub = hubNamed(host, where);
  const { address } = hub.membership;
  const link = host.hubs.memberLink(address.hub);
  const cards = await cardsAt(parts, link, { search: name, limit: 1000 });
  const card = cards.find((one) => one.name === name);
  if (card !== undefined) return { card, routes: [formatHubAddress(address)] };
  const similar = cards.map((one) => one.name);
  throw new MeshError('UNKNOWN_AGENT', `${hub.membership.name} lists no agent ${name}`, {
    hint: similar.length === 0 ? 'See who is there: mesh directory' : `There are: ${similar.slice(0, 10).join(', ')}`,
  });
}

/** The relay of a contact, at the first of its addresses that answers. */
async function joinRelay(host: AgentHost, name: string): Promise<KnownHub> {
  const contact = resolveContact(host.desk.ports.store.read.contacts, host.agent.name, name);
  const { petname, agentId } = contact;
  const addresses = relaysIn(contact.card?.capabilities ?? []);
  let last: unknown = new MeshError('NOT_FOUND', `The node of ${petname} keeps no messages for others`, {
    hint: 'Its owner can start that node with the option --relay.',
  });
  for (const address of addresses) {
    try {
      return await host.hubs.join({ address, name: petname, relayOf: agentId });
    } catch (error) {
      last = error;
    }
  }
  if (toMeshError(last).code !== 'NOT_ADMITTED') throw last;
  throw new MeshError('NOT_ADMITTED', `The node of ${petname} keeps messages only for those whom it trusts`, {
    hint: `See whether the two of you trust each other: mesh contact ${petname}`,
    cause: last,
  });
}

/** What the hub said against it, in words that name it. */
function notJoined(host: AgentHost, { address, name }: Joining, error: unknown): never {
  const cause = toMeshError(error);
  const said = refusals[cause.code];
  if (said === undefined) throw cause;
  throw new MeshError(cause.code, `The hub ${name} at ${address.base} ${said(host.agent.name)}`, { cause });
}

const refusals: Partial<Record<ErrorCode, (agent: string) => string>> = {
  NOT_ADMITTED: (agent) => `does not admit ${agent}`,
  NAME_TAKEN: (agent) => `has another member that is called ${agent}`,
  INVITE_INVALID: () => 'does not know this invite',
  INVITE_EXPIRED: () => 'says that the invite has expired',
  INVITE_USED: () => 'says that the invite was used already',
  HUB_FULL: () => 'is full',
};

interface Joining {
  readonly address: HubAddress;
  readonly name: string;
  readonly invite?: Uint8Array;
}

/** An invite says all that there is to know; a URL is asked which hub is there. */
async function hubToJoin(
  parts: NodeParts,
  { target, invite }: { readonly target: string; readonly invite?: string | undefined },
): Promise<Joining> {
  if (target.trimStart().startsWith('mesh-hub:')) return joiningBy(parts, target);
  const { limits, clock } = parts;
  const { hub, url } = await fetchDiscovery(target, { clock, timeoutMs: limits.scanTimeoutMs });
  if (hub === undefined) {
    throw new MeshError('NOT_FOUND', `${url} is no hub`, {
      hint: 'A node answers there. To ask one of its agents for trust: mesh request URL',
    });
  }
  const address = { base: url, hub: hub.agentId };
  if (invite === undefined) return { address, name: hub.name };
  const joining = joiningBy(parts, invite);
  if (joining.address.hub === hub.agentId) return { ...joining, address, name: hub.name };
  throw new MeshError('INVITE_INVALID', `The invite is for ${joining.address.base}, which has another key than ${url}`);
}

function joiningBy({ clock }: NodeParts, text: string): Joining & { readonly invite: Uint8Array } {
  const { hub, name, url, secret, expiresAt } = decodeHubInvite(text);
  if (expiresAt <= clock.now()) throw new MeshError('INVITE_EXPIRED');
  return { address: { base: url, hub }, name, invite: secret };
}

function hubView(host: AgentHost, { membership, status }: KnownHub): Output<'joinHub'> {
  const { address, name, joinedAt, relayOf, standsIn } = membership;
  const fingerprint = fingerprintOf(publicKeyOf(address.hub)).short;
  const contact = relayOf && (host.contact(relayOf)?.petname ?? name);
  return {
    name: contact ?? name,
    url: address.base,
    agentId: address.hub,
    fingerprint,
    joinedAt,
    ...defined({ relayOf: contact, standsIn: standsIn && (standsIn.leftAt === undefined ? 'now' : 'before') }),
    ...status,
  };
}

interface Query {
  readonly search?: string;
  readonly capability?: string;
  readonly limit: number;
}

async function listed(
  parts: NodeParts,
  { host, hub }: { readonly host: AgentHost; readonly hub: KnownHub },
  query: Query,
): Promise<readonly Entry[]> {
  const cards = await cardsAt(parts, host.hubs.memberLink(hub.membership.address.hub), query);
  return cards.map((card) => ({
    ...foundAgent(parts, host, card),
    capabilities: card.capabilities,
    hub: hub.membership.name,
  }));
}

/** Each verified: nobody who keeps cards is believed. What does not hold is left out. */
async function cardsAt(parts: NodeParts, link: Link, { limit, ...query }: Query): Promise<readonly VerifiedCard[]> {
  const cards: VerifiedCard[] = [];
  let after: string | undefined;
  do {
    const page = await link.ask({ op: 'directory', ...query, ...(after === undefined ? {} : { after }) });
    for (const bytes of page.cards) {
      const card = verified(parts, bytes);
      if (card !== undefined) cards.push(card);
    }
    // A hub that leads in a circle is left where it begins.
    after = page.next !== undefined && (after === undefined || page.next > after) ? page.next : undefined;
  } while (after !== undefined && cards.length <= limit);
  return cards;
}

function verified({ clock, logger }: NodeParts, bytes: Uint8Array): VerifiedCard | undefined {
  try {
    return verifyCard(parseCard(bytes), { now: clock.now() });
  } catch (error) {
    logger.info('directory.card-left-out', { code: toMeshError(error).code });
    return undefined;
  }
}
