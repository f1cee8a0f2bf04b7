import { codeOf, MeshError } from '#kernel';
import { type AgentId, fingerprintOf, isAgentId, publicKeyOf, verifyCard } from '#identity';
import { requestContact } from '#pipeline';
import { type Contact, resolveContact, type Tier } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import type { MeshNode } from '../mesh-node.ts';
import { contactViews } from '../operations/views.ts';
import type { AgentHub } from './agent-hub.ts';
import { findAtHubs, type FoundAgent, lookForContact, noHub } from './hub-lookup.ts';

export interface ConnectOptions {
  /** What the other agent's `fingerprint` has to be, as its owner said it: then no hub can put another agent in its place. */
  readonly fingerprint?: string;
  /** `trusted`: its messages reach the handlers without a daily bound. */
  readonly tier?: Tier;
  /** How long to wait until the other side agrees; 30 000. It stays asked after that. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** An agent of a program, at work. */
export interface Embedded {
  readonly node: MeshNode;
  readonly host: AgentHost;
  readonly hub: AgentHub | undefined;
}

/** By petname, name at a hub, or id: asks it for trust if there is none yet, and resolves when both trust each other. */
export async function connect(agent: Embedded, peer: string, options: ConnectOptions): Promise<Contact> {
  const { host, node } = agent;
  const known = contactNamed(host, peer);
  if (known?.state === 'trusted') {
    checkFingerprint(known.agentId, peer, options);
    await lookForContact(host, known);
    host.lane(known.agentId).courier.connect();
    return known;
  }
  return ask(agent, await findAtHubs(node.parts, host, known?.agentId ?? peer), options);
}

/** The same with whoever has the key of the card, wherever the card says that it is or a hub knows it. */
export async function connectWithBundle(agent: Embedded, bundle: unknown, options: ConnectOptions): Promise<Contact> {
  const { host, node } = agent;
  const { parts } = node;
  const card = verifyCard(bundle, { now: parts.clock.now() });
  const known = host.contact(card.agentId);
  if (known?.state === 'trusted') return connect(agent, card.agentId, options);
  const atHub = await findAtHubs(parts, host, card.agentId).catch(() => undefined);
  const isAddressed = card.endpoints.length + card.mailboxes.length > 0;
  if (atHub === undefined && !isAddressed) {
    throw new MeshError('UNREACHABLE', `The card of ${card.name} names no address, and no hub of ours knows it`, {
      hint: 'Take the card when its agent is at a hub or listens: await agent.ready(), then agent.publicBundle',
    });
  }
  const newest = atHub !== undefined && atHub.card.seq > card.seq ? atHub.card : card;
  return ask(agent, { card: newest, routes: atHub?.routes ?? [] }, options);
}

const agreeMs = 30_000;

async function ask({ host, node, hub }: Embedded, found: FoundAgent, options: ConnectOptions): Promise<Contact> {
  const { card, routes } = found;
  const { agentId, name } = card;
  const { tier = 'trusted', timeoutMs = agreeMs, signal = new AbortController().signal } = options;
  checkFingerprint(agentId, name, options);
  const step = async (): Promise<Contact> => {
    const asked = await requestContact(host.desk, { agentId, card, name, routes, tier });
    host.lane(agentId).courier.retryNow();
    return host.contact(agentId) ?? asked;
  };
  const isThere = ({ state }: Contact): boolean => state !== 'requested-out';
  const waiting = { agent: host.agent.name, agentId, isThere, ms: timeoutMs, signal };
  const asked = await node.parts.watch.after(step, waiting);
  const now = host.contact(agentId) ?? asked;
  if (now.state === 'trusted') return now;
  throw new MeshError('TIMEOUT', `${name} has not agreed yet: it stays asked`, {
    hint: `Its program has to say the same: ${howToTrust(host.agent.name, name, hub)}`,
    data: { state: now.state },
  });
}

function checkFingerprint(agentId: Contact['agentId'], name: string, { fingerprint }: ConnectOptions): void {
  if (fingerprint === undefined) return;
  const { short, full } = fingerprintOf(publicKeyOf(agentId));
  if (fingerprint === short || fingerprint === full) return;
  throw new MeshError(
    'SIGNATURE_INVALID',
    `Authentication failed: ${name} has the fingerprint ${short}, not ${fingerprint}`,
    {
      hint: 'Somebody else took the name, or the fingerprint is of another agent. Ask its owner for it once more.',
    },
  );
}

/** The contact that is meant. Throws NO_HUB, UNKNOWN_AGENT, NOT_TRUSTED with what to do, instead of only that there is none. */
export async function receiverOf({ host, node, hub }: Embedded, to: string): Promise<Contact> {
  const { name } = host.agent;
  const contact = contactNamed(host, to);
  if (contact?.state === 'trusted') {
    await lookForContact(host, contact);
    return contact;
  }
  // What a person decided has its own words: blocked, changed.
  if (contact !== undefined && contact.state !== 'requested-out' && contact.state !== 'requested-in') return contact;
  if (contact === undefined) {
    const { contacts } = host.desk.ports.store.read;
    const hasNoHub = host.hubs.memberships.length === 0;
    if (hasNoHub && contacts.list({ agent: name }).length === 0) throw noHub(`${name} has no contact ${to}`);
    if (hasNoHub) return resolveContact(contacts, name, to);
    await findAtHubs(node.parts, host, to);
  }
  const what =
    contact?.state === 'requested-out' ? `${to} has not agreed yet` : `${name} and ${to} do not trust each other yet`;
  throw new MeshError('NOT_TRUSTED', what, { hint: `Once, before the first message: ${howToTrust(name, to, hub)}` });
}

function howToTrust(one: string, other: string, hub: AgentHub | undefined): string {
  return hub?.howToTrust(one, other) ?? `await agent.connect('${other}') here, and the same there with '${one}'`;
}

function contactNamed(host: AgentHost, text: string): Contact | undefined {
  if (typeof text !== 'string' || text === '') {
    throw new MeshError('INVALID_ARGUMENT', `The other agent is named by a text; this is ${JSON.stringify(text)}`, {
      hint: "agent.send('bob', …), with a name of agent.listPeers() or an id",
    });
  }
  try {
    return resolveContact(host.desk.ports.store.read.contacts, host.agent.name, text);
  } catch (error) {
    if (codeOf(error) === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** Names of the other agents at the hubs. Those that are away are left out, unless `offline`. Throws NO_HUB, UNREACHABLE. */
export async function listPeers(
  { node, host }: Embedded,
  { offline = false }: ListPeersOptions,
): Promise<readonly string[]> {
  if (host.hubs.memberships.length === 0) throw noHub(`${host.agent.name} finds others only at a hub`);
  const { agents } = await node.operations.directory({ agent: host.agent.name, limit: maxListed }, { signal: never });
  const others = agents.filter(({ agentId }) => agentId !== host.agent.agentId);
  const online = offline ? undefined : await whoIsThere(host, others.map(({ agentId }) => agentId).filter(isAgentId));
  const there = others.filter(({ agentId }) => online === undefined || online.has(agentId));
  return [...new Set(there.map(({ name }) => name))].toSorted();
}

async function whoIsThere(host: AgentHost, ids: readonly AgentId[]): Promise<ReadonlySet<string>> {
  const { maxAgentsPerQuestion: atOnce } = host.desk.ports.limits;
  const found = new Set<string>();
  for (const { membership } of host.hubs.memberships) {
    const link = host.hubs.memberLink(membership.address.hub);
    for (let at = 0; at < ids.length; at += atOnce) {
      const { online } = await link.ask({ op: 'presence', agents: ids.slice(at, at + atOnce) });
      for (const agentId of online) found.add(agentId);
    }
  }
  return found;
}

export interface ListPeersOptions {
  /** Also those that have no connection to the hub now: what is sent to them waits there. */
  readonly offline?: boolean;
}

const maxListed = 1000;
const never = new AbortController().signal;

/** What an agent of a program says about itself. */
export async function statusOf({ node, host }: Embedded, handlers: number) {
  const { agent } = host;
  const { queue, warnings } = await node.operations.status({ agent: agent.name }, { signal: never });
  const contacts = host.desk.ports.store.read.contacts.list({ agent: agent.name, states: ['trusted'] });
  const peers = await contactViews(host, contacts);
  return {
    name: agent.name,
    agentId: agent.agentId,
    fingerprint: fingerprintOf(publicKeyOf(agent.agentId)).short,
    /** Peers that there is an encrypted session with. */
    activeSessions: peers.filter(({ session }) => session !== undefined).map(({ petname }) => petname),
    /** Peers that are trusted. */
    knownPeers: peers.map(({ petname }) => petname),
    handlers,
    hubs: host.hubs.memberships.map(({ membership, status }) => ({ name: membership.name, state: status.state })),
    queue,
    warnings: warnings.filter(({ code }) => code !== 'UNREACHABLE' || agent.card().mailboxes.length === 0),
  };
}
