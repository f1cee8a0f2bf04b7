import type { Input, Operations } from '#api';
import { MeshError } from '#kernel';
import { fingerprintOf, parseName, publicKeyOf, type VerifiedCard, verifyCard } from '#identity';
import { fetchDiscovery } from '#discovery';
import { changeContact, type ContactTarget, petnameFor, requestContact } from '#pipeline';
import { decodeInvite, encodeInvite, parsePurpose } from '#protocol';
import { type Contact, makeInviteRecord, resolveRequest } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import { hostNamed, type NodeParts } from '../parts.ts';
import { defined } from './defined.ts';
import { agentAtHub } from './hubs.ts';
import { checkTurnedAway, isTurnedAway } from './exchange-view.ts';
import { contactView, requestView } from './views.ts';

type RequestOperations = Pick<Operations, 'request' | 'requests' | 'approve' | 'reject'>;

const joinWaitMs = 10_000;
/** As many as an invite may name (spec 4.4). */
const maxInviteRoutes = 8;

/** How two agents come to trust each other: request and approval, or an invite (PROTOCOL §3). */
export function requestOperations(parts: NodeParts): RequestOperations {
  return {
    async request(input, { signal }) {
      const host = hostNamed(parts, input.agent);
      const { card, routes } = await findTarget(parts, host, input);
      const { petname } = input;
      const purpose = input.purpose === undefined ? undefined : parsePurpose(input.purpose);
      const target = {
        agentId: card.agentId,
        card,
        name: card.name,
        routes,
        purpose,
        petname: petname && parseName(petname),
      };
      const { agentId } = card;
      const ms = input.waitMs ?? 0;
      const options = { agent: host.agent.name, agentId, isThere: hasNews, orMailed: true, ms, signal };
      const asked = latest(host, await parts.watch.after(() => askNow(host, target), options));
      checkTurnedAway(asked, parts.limits);
      return requestView(host, asked);
    },

    async requests(input) {
      const host = hostNamed(parts, input.agent);
      const states = ['requested-in', 'requested-out'] as const;
      const list = parts.store.read.contacts.list({ agent: host.agent.name, states });
      return { requests: list.map((contact) => requestView(host, contact)) };
    },

    async approve(input, { signal }) {
      const host = hostNamed(parts, input.agent);
      const contact = requestNamed(host, input.id);
      const wanted = input.petname === undefined ? undefined : parseName(input.petname);
      const { agentId } = contact;
      const petname = wanted && petnameFor(host.desk, { agentId, name: wanted, petname: wanted });
      const event = { type: 'approve', ...defined({ tier: input.tier, petname }) } as const;
      const options = { agent: host.agent.name, agentId, isThere: isTold, ms: input.waitMs ?? 0, signal };
      return contactView(
        host,
        latest(host, await parts.watch.after(() => changeContact(host.desk, agentId, event), options)),
      );
    },

    async reject(input) {
      const host = hostNamed(parts, input.agent);
      const contact = requestNamed(host, input.id);
      await changeContact(host.desk, contact.agentId, { type: input.block === true ? 'block' : 'reject' });
      return { rejected: contact.requestId ?? contact.agentId };
    },
  };
}

/** Invites: made here, and joined with. */
export function inviteOperations(parts: NodeParts): Pick<Operations, 'invite' | 'invites' | 'join'> {
  return {
    invite: (input) => makeInvite(parts, input),

    async invites(input) {
      const host = hostNamed(parts, input.agent);
      const list = parts.store.read.contacts.invites(host.agent.name);
      return {
        invites: list.map(({ id, createdAt, expiresAt, usedAt, usedBy }) => ({
          id,
          createdAt,
          expiresAt,
          ...defined({ usedAt, usedBy }),
        })),
      };
    },

    join: (input, { signal }) => join(parts, input, signal),
  };
}

/** The other node has our request, has even answered it, or will not take it. Whom we trust already we expect to answer at once. */
const hasNews = (contact: Contact): boolean =>
  hasAnswer(contact) || (contact.state !== 'trusted' && contact.pending?.deliveredAt !== undefined);
/** Both trust each other; or there is no use in waiting for it. */
const hasAnswer = (contact: Contact): boolean => isTold(contact) || isTurnedAway(contact);
/** What a person decided here has reached the other node, or is refused there for good. */
const isTold = ({ state, pending }: Contact): boolean => state === 'trusted' && pending === undefined;

/** Somebody wants it now: earlier failures to reach the other node do not count. */
async function askNow(host: AgentHost, target: ContactTarget): Promise<Contact> {
  const asked = await requestContact(host.desk, target);
  host.lane(asked.agentId).courier.retryNow();
  return asked;
}

const latest = (host: AgentHost, contact: Contact): Contact => host.contact(contact.agentId) ?? contact;

const requestNamed = (host: AgentHost, text: string): Contact =>
  resolveRequest(host.desk.ports.store.read.contacts, host.agent.name, text);

interface Target {
  readonly card: VerifiedCard;
  readonly routes: readonly string[];
}

async function findTarget(
  parts: NodeParts,
  host: AgentHost,
  { target, targetAgent: wanted }: Pick<Input<'request'>, 'target' | 'targetAgent'>,
): Promise<Target> {
  if (typeof target !== 'string') return { card: verifyCard(target, { now: parts.clock.now() }), routes: [] };
  const atHub = await agentAtHub(parts, host, target);
  if (atHub !== undefined) return atHub;
  const { agents } = await fetchDiscovery(target, { clock: parts.clock, timeoutMs: parts.limits.scanTimeoutMs });
  const matches =
    wanted === undefined ? agents : agents.filter(({ name, agentId }) => name === wanted || agentId === wanted);
  const [card, second] = matches;
  const names = agents.map(({ name }) => name).join(', ');
  if (card === undefined)
    throw new MeshError('UNKNOWN_AGENT', `No agent ${wanted ?? ''} lives at ${target}`, {
      hint: `There are: ${names}`,
    });
  if (second === undefined) return { card, routes: [target] };
  throw new MeshError('AMBIGUOUS', `Several agents live at ${target}: ${names}`, {
    hint: 'Say which one with --to NAME',
    data: { matches: agents.map(({ name, agentId }) => `${name} ${agentId}`) },
  });
}

async function makeInvite(
  parts: NodeParts,
  input: {
    readonly agent?: string | undefined;
    readonly expiresInMs?: number | undefined;
    readonly tier?: Contact['tier'] | undefined;
  },
) {
  const host = hostNamed(parts, input.agent);
  const { agent } = host;
  const { endpoints, mailboxes } = agent.card();
  const routes = [...endpoints, ...mailboxes].slice(0, maxInviteRoutes);
  if (routes.length === 0) {
    throw new MeshError('WRONG_STATE', 'This node has no address that others could reach', {
      hint: 'Say it when you start the node: mesh down, mesh up --detach --endpoint URL. Or let a hub keep its mailbox: mesh hub-join URL',
    });
  }
  const now = parts.clock.now();
  const id = parts.ids.next('inv');
  const secret = parts.random.bytes(16);
  const lifetimeMs = input.expiresInMs ?? parts.limits.inviteLifetimeMs;
  const sealedSecret = agent.vault.seal(`invite/${id}`, secret);
  const record = makeInviteRecord({
    id,
    agent: agent.name,
    sealedSecret,
    tier: input.tier ?? 'bounded',
    now,
    lifetimeMs,
  });
  await parts.store.transact((tx) => tx.contacts.putInvite(record));
  const { agentId, name } = agent.card();
  const invite = encodeInvite({ id, agentId, name, routes, secret, expiresAt: record.expiresAt });
  const fingerprint = fingerprintOf(publicKeyOf(agentId)).short;
  return { invite, id, expiresAt: record.expiresAt, routes, agentId, fingerprint };
}

async function join(
  parts: NodeParts,
  input: {
    readonly agent?: string | undefined;
    readonly invite: string;
    readonly petname?: string | undefined;
    readonly tier?: Contact['tier'] | undefined;
    readonly waitMs?: number | undefined;
  },
  signal: AbortSignal,
) {
  const host = hostNamed(parts, input.agent);
  // Whether its time is over is for the agent that made it to say, whose clock counts (spec §4.4).
  const { agentId, routes, name, id, secret } = decodeInvite(input.invite);
  const petname = input.petname === undefined ? undefined : parseName(input.petname);
  const target = { agentId, name, routes, petname, tier: input.tier, invite: { id, secret } };
  const options = { agent: host.agent.name, agentId, isThere: hasAnswer, ms: input.waitMs ?? joinWaitMs, signal };
  const joined = latest(host, await parts.watch.after(() => askNow(host, target), options));
  checkTurnedAway(joined, parts.limits);
  return contactView(host, joined);
}
