import { codeOf, MeshError, toMeshError } from '#kernel';
import { type AgentId, isAgentId, parseCard, type VerifiedCard, verifyCard } from '#identity';
import type { Link } from '#link';
import { changeContact } from '#pipeline';
import { formatHubAddress } from '#protocol';
import type { Contact } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import type { KnownHub } from '../hubs/find-hub.ts';
import { agentAtHub } from '../operations/hubs.ts';
import type { NodeParts } from '../parts.ts';

export interface FoundAgent {
  readonly card: VerifiedCard;
  /** Addresses of the hubs that keep its mailbox. */
  readonly routes: readonly string[];
}

/** The agent of that name or id at a hub of ours. Throws NO_HUB, UNKNOWN_AGENT, UNREACHABLE. */
export async function findAtHubs(parts: NodeParts, host: AgentHost, peer: string): Promise<FoundAgent> {
  const hubs = host.hubs.memberships;
  if (hubs.length === 0) throw noHub(`${host.agent.name} knows no ${peer}`);
  let last: MeshError | undefined;
  for (const hub of hubs) {
    try {
      const found = isAgentId(peer) ? await byId(host, hub, peer) : await agentAtHub(parts, host, atHub(peer, hub));
      if (found !== undefined) return found;
    } catch (error) {
      if (codeOf(error) !== 'UNKNOWN_AGENT') last = toMeshError(error);
    }
  }
  if (last !== undefined) throw last;
  throw notFound(peer, hubs);
}

export const noHub = (what: string): MeshError =>
  new MeshError('NO_HUB', `No hub configured, and ${what}`, {
    hint: "Give the agent one: new Agent('alice', { hub: new LocalHub() }), or { hub: new NetworkHub({ host }) }",
  });

function notFound(peer: string, hubs: readonly KnownHub[]): MeshError {
  const names = hubs.map(({ membership }) => membership.name);
  return new MeshError('UNKNOWN_AGENT', `Peer '${peer.slice(0, 80)}' not found on hub ${names.join(', ')}`, {
    hint: 'Both agents have to be made with the same hub. Who is there: await agent.listPeers()',
    data: { hubs: names },
  });
}

const atHub = (name: string, { membership }: KnownHub): string => `${name}@${membership.address.hub}`;

async function byId(host: AgentHost, { membership }: KnownHub, agentId: AgentId): Promise<FoundAgent | undefined> {
  const { address } = membership;
  const card = await cardAt(host, host.hubs.memberLink(address.hub), agentId);
  return card && { card, routes: [formatHubAddress(address)] };
}

/** The card of exactly that agent: a hub can keep it back, and cannot put another one in its place. */
async function cardAt(host: AgentHost, link: Link, agent: AgentId): Promise<VerifiedCard | undefined> {
  try {
    const { card } = await link.ask({ op: 'card.get', agent });
    const verified = verifyCard(parseCard(card), { now: host.desk.ports.clock.now() });
    return verified.agentId === agent ? verified : undefined;
  } catch (error) {
    if (codeOf(error) === 'UNKNOWN_AGENT') return undefined;
    throw error;
  }
}

/** Peers whose card names no hub of ours may have come to one meanwhile. */
export async function lookForContacts(host: AgentHost): Promise<void> {
  const { agent, desk } = host;
  const states = ['trusted', 'requested-out'] as const;
  const contacts = desk.ports.store.read.contacts.list({ agent: agent.name, states });
  await Promise.all(contacts.map((contact) => lookForContact(host, contact)));
}

/** Takes a newer card of the contact, if a hub of ours has one and nothing is known of it there. Never rejects. */
export async function lookForContact(host: AgentHost, { agentId, card: pinned }: Contact): Promise<void> {
  const ours = host.hubs.memberships.map(({ membership }) => membership.address);
  const isKnownThere = (pinned?.mailboxes ?? []).some((url) => ours.some((one) => url === formatHubAddress(one)));
  if (ours.length === 0 || isKnownThere || host.lane(agentId).courier.isUp) return;
  try {
    for (const { hub } of ours) {
      const card = await cardAt(host, host.hubs.memberLink(hub), agentId);
      if (card === undefined || card.seq <= (pinned?.seq ?? 0)) continue;
      await changeContact(host.desk, agentId, { type: 'updateCard', card });
      host.lane(agentId).courier.retryNow();
      return;
    }
  } catch (error) {
    host.desk.ports.logger.info('contact.not-looked-up', {
      agent: host.agent.name,
      peer: agentId,
      code: codeOf(error),
    });
  }
}
