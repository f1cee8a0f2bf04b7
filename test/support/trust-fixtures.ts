import { type AgentId, agentIdOf, type KeyPair, keyPairFromSeed, signCard, type VerifiedCard } from '#identity';
import type { Message } from '#protocol';
import type { Contact, ContactReader, ContactState } from '#trust';

export interface Party {
  readonly root: KeyPair;
  readonly agentId: AgentId;
  readonly card: VerifiedCard;
  cardWith(fields: {
    readonly seq?: number;
    readonly name?: string;
    readonly endpoints?: readonly string[];
  }): VerifiedCard;
}

/** Always the same agent for the same number (1 to 255). */
export function party(number: number): Party {
  const root = keyPairFromSeed(new Uint8Array(32).fill(number));
  const cardWith: Party['cardWith'] = ({ seq = 1, name = `agent${number}`, endpoints }) =>
    signCard(
      {
        name,
        devices: [],
        endpoints: [...(endpoints ?? [`http://10.0.0.${number}:8787`])],
        mailboxes: [],
        capabilities: [],
        suites: [],
        seq,
        createdAt: 0,
        expiresAt: 10_000_000,
      },
      root,
    );
  return { root, agentId: agentIdOf(root.publicKey), card: cardWith({}), cardWith };
}

const trustedFields = { trustedAt: 3, requestNonce: 'aa' } as const;

/** A contact of the agent `me` as it looks in each state. */
export function contactIn(state: ContactState, of: Party, changed: Partial<Contact> = {}): Contact {
  const { agentId, card } = of;
  const base = {
    agent: 'me',
    petname: card.name,
    agentId,
    state,
    tier: 'bounded',
    permissions: {},
    routes: [],
  } as const;
  const times = { createdAt: 1, updatedAt: 2 };
  const extra: { readonly [S in ContactState]: Partial<Contact> } = {
    discovered: { card },
    'requested-out': { card, pending: { kind: 'request', nonce: 'bb', expiresAt: 1000 } },
    'requested-in': { card, requestId: 'req_1', requestNonce: 'aa', purpose: 'hello' },
    trusted: { card, ...trustedFields },
    changed: { card, ...trustedFields, candidate: { card: party(99).card, seenAt: 4 } },
    blocked: { card, ...trustedFields, tier: 'blocked' },
    removed: {},
    rejected: {},
  };
  return { ...base, ...times, ...extra[state], ...changed };
}

/** Reads from a list; requests and turns are the counts given. */
export function readerOf(contacts: readonly Contact[], counts: { readonly requests?: number } = {}): ContactReader {
  const of = (agent: string): readonly Contact[] => contacts.filter((contact) => contact.agent === agent);
  return {
    byAgentId: (agent, agentId) => of(agent).find((contact) => contact.agentId === agentId),
    byPetname: (agent, petname) => of(agent).find((contact) => contact.petname === petname),
    byRequestId: (agent, requestId) => of(agent).find((contact) => contact.requestId === requestId),
    byIdPrefix: (agent, prefix) =>
      of(agent)
        .filter((contact) => contact.agentId.startsWith(prefix))
        .slice(0, 10),
    list: ({ agent, states }) => of(agent).filter(({ state }) => states === undefined || states.includes(state)),
    requestsSince: () => counts.requests ?? 0,
    hasNonce: () => false,
    invite: () => undefined,
    invites: () => [],
    turnFreeAt: () => undefined,
    fullConversations: () => [],
    turnsSince: () => 0,
  };
}

export function messageTo(to: AgentId, from: AgentId, changed: Partial<Message> = {}): Message {
  return {
    id: 'msg_01900000-0000-7000-8000-000000000001',
    type: 'request',
    from,
    to,
    timestamp: 5,
    ttl: 60,
    priority: 'normal',
    conversationId: 'conv_01900000-0000-7000-8000-000000000002',
    payload: { body: 'hi' },
    ...changed,
  };
}
