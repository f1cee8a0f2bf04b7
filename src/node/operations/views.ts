import { type AgentId, fingerprintOf, publicKeyOf } from '#identity';
import type { FileDirection, InboxMessage, OutboxMessage, RouteStatus } from '#delivery';
import { causeOf, leftOf } from '#pipeline';
import { type Attachment, decodeMessage, type Message, type MessageId, type Payload } from '#protocol';
import { claimedBudget, type Contact, lifeOf } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import { routesOf } from '../contact-addresses.ts';
import { defined } from './defined.ts';
import { exchangeView } from './exchange-view.ts';
import { fileFacts } from './file-views.ts';
import { guardView, sourcesView } from '../guard-views.ts';
import { peerOf } from './peer-of.ts';

/** What the API shows of things: only facts, computed when asked. */
export function agentView(host: AgentHost) {
  const { agent, desk, runtime } = host;
  const card = agent.card();
  const fingerprint = fingerprintOf(publicKeyOf(agent.agentId));
  return {
    name: agent.name,
    ...(card.displayName === undefined ? {} : { displayName: card.displayName }),
    agentId: agent.agentId,
    fingerprint: fingerprint.short,
    fingerprintFull: fingerprint.full,
    endpoints: [...card.endpoints],
    cardSeq: card.seq,
    cardExpiresAt: card.expiresAt,
    deviceExpiresAt: agent.deviceExpiresAt,
    runtime: runtime.kind,
    unread: desk.ports.store.read.inbox.counts(agent.name).unread,
    isDefault: agent.isDefault,
  };
}

const down: RouteStatus = { link: 'down', breaker: 'closed' };

export function contactView(host: AgentHost, contact: Contact) {
  const { store } = host.desk.ports;
  const { agentId } = contact;
  const route = host.lanes.find((lane) => lane.peer === agentId)?.courier.status() ?? down;
  const depth = store.read.outbox.depths(host.agent.name).find(({ peer }) => peer === agentId);
  const session = store.read.sessions.sessions(host.agent.name, agentId).find(({ role }) => role === 'current');
  return {
    ...identityOf(host, contact),
    state: contact.state,
    tier: contact.tier,
    permissions: permissionsOf(contact),
    endpoints: [...routesOf(contact)],
    createdAt: contact.createdAt,
    updatedAt: contact.updatedAt,
    ...defined({
      verifiedAt: contact.verifiedAt,
      purpose: contact.purpose,
      requestId: contact.requestId,
      candidate: candidateOf(contact),
      restored: restoredOf(contact),
      session: session && {
        groupId: session.groupId,
        confirmed: session.confirmed,
        createdAt: session.createdAt,
        ...defined({ epoch: host.lanes.find((lane) => lane.peer === agentId)?.session?.epoch }),
      },
    }),
    ...exchangeView(host, contact),
    ...route,
    waiting: depth?.waiting ?? 0,
    inFlight: depth?.inFlight ?? 0,
  };
}

/** Other work of the node goes on between them: digits that nobody has looked at yet take a while. */
export async function contactViews(host: AgentHost, contacts: readonly Contact[]) {
  const { clock } = host.desk.ports;
  const views: ReturnType<typeof contactView>[] = [];
  for (const contact of contacts) {
    await clock.turn();
    views.push(contactView(host, contact));
  }
  return views;
}

export function identityOf(host: AgentHost, contact: Contact) {
  const { agentId, card } = contact;
  return {
    petname: contact.petname,
    agentId,
    ...defined({ name: card?.name, displayName: card?.displayName }),
    fingerprint: fingerprintOf(publicKeyOf(agentId)).short,
    safetyNumber: host.agent.safetyNumberWith(agentId),
  };
}

function restoredOf(contact: Contact) {
  const life = lifeOf(contact);
  return life && { at: life.number, asOf: life.asOf };
}

function permissionsOf({ permissions }: Contact) {
  const { messageTypes, maxAttachmentBytes } = permissions;
  return defined({ messageTypes: messageTypes && [...messageTypes], maxAttachmentBytes });
}

function candidateOf({ candidate }: Contact) {
  if (candidate === undefined) return undefined;
  const { agentId } = candidate.card;
  return { agentId, fingerprint: fingerprintOf(publicKeyOf(agentId)).short, seenAt: candidate.seenAt };
}

export function requestView(host: AgentHost, contact: Contact) {
  const { contacts } = host.desk.ports.store.read;
  const name = contact.card?.name;
  const twin = contacts
    .list({ agent: host.agent.name })
    .find((other) => other.agentId !== contact.agentId && (other.card?.name === name || other.petname === name));
  const direction = contact.state === 'requested-in' ? ('in' as const) : ('out' as const);
  return {
    id: contact.requestId ?? contact.agentId,
    direction,
    state: contact.state,
    ...identityOf(host, contact),
    endpoints: [...routesOf(contact)],
    at: askedAt(host, contact),
    ...exchangeView(host, contact),
    ...defined({
      purpose: contact.purpose,
      delivered:
        direction === 'out' ? contact.state === 'trusted' || contact.pending?.deliveredAt !== undefined : undefined,
      sameNameAs: direction === 'in' && name !== undefined ? twin?.petname : undefined,
    }),
  };
}

/** Of a request that is tried again and again: when it was made. */
function askedAt({ desk }: AgentHost, { pending, updatedAt }: Contact): number {
  return pending === undefined ? updatedAt : pending.expiresAt - desk.ports.limits.contactExchangeLifetimeMs;
}

export function messageView(host: AgentHost, row: InboxMessage) {
  const message = decodeMessage(row.body);
  return {
    id: row.id,
    direction: 'in' as const,
    ...peerOf(host, row.sender),
    type: row.type,
    priority: row.priority,
    ...payloadView(host, message.payload, { direction: 'in', peer: row.sender, id: row.id }),
    conversationId: row.conversationId,
    timestamp: message.timestamp,
    receivedAt: row.receivedAt,
    expiresAt: row.expiresAt,
    state: row.state,
    attempts: row.attempts,
    ...defined({
      correlationId: row.correlationId,
      budget: budgetView(host, message),
      left: leftView(host, row, message),
      parentMessageId: message.parentMessageId,
      error: row.error,
      seenAt: row.seenAt,
      readAt: row.readAt,
      answerId: row.answerId,
      guard: guardView(host.desk.ports.store, 'in', row.seq),
      sources: sourcesView(host, message),
    }),
  };
}

export function outboxView(host: AgentHost, row: OutboxMessage) {
  const message = decodeMessage(row.body);
  return {
    id: row.id,
    direction: 'out' as const,
    ...peerOf(host, row.peer),
    type: row.type,
    priority: row.priority,
    ...payloadView(host, message.payload, { direction: 'out', peer: row.peer, id: row.id }),
    conversationId: row.conversationId,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    state: row.state,
    attempts: row.attempts,
    ...defined({
      budget: budgetView(host, message),
      correlationId: row.correlationId,
      reason: row.reason,
      answerId: row.answerId,
      route: row.route,
      sealedAt: row.sealedAt,
      restoredAt: row.restoredAt,
      replyContext: message.replyContext,
      replayOf: row.replayOf,
      replayedBy: row.replayedBy,
      guard: guardView(host.desk.ports.store, 'out', row.seq),
      sources: sourcesView(host, message),
    }),
  };
}

const budgetView = ({ desk, agent }: AgentHost, message: Message) =>
  claimedBudget(message, desk.ports.rootBudget(agent.name), desk.ports.limits);

/** Once something was given away; until then nothing but the message says how much there is. */
function leftView({ desk }: AgentHost, row: InboxMessage, message: Message) {
  const { ports } = desk;
  return ports.store.read.budgets.left(row.seq) === undefined ? undefined : leftOf(ports, causeOf(row, message));
}

interface Placed {
  readonly direction: FileDirection;
  readonly peer: AgentId;
  readonly id: MessageId;
}

export function payloadView(host: AgentHost, payload: Payload, where: Placed) {
  const { subject, body, attachments = [], metadata } = payload;
  return { body, attachments: attachmentsView(host, attachments, where), ...defined({ subject, metadata }) };
}

function attachmentsView(host: AgentHost, attachments: readonly Attachment[], { id, ...owner }: Placed) {
  const isBeside = attachments.some(({ kind }) => kind === 'blob');
  const { files } = host.desk.ports.store.read;
  const rows = isBeside ? files.ofMessage({ agent: host.agent.name, ...owner }, id) : [];
  return attachments.map((attachment, index) => {
    const row = rows.find(({ place }) => place === index);
    return { ...attachmentView(attachment), ...(row === undefined ? {} : { file: fileFacts(host, row) }) };
  });
}

function attachmentView(attachment: Attachment) {
  const { kind, name, mediaType } = attachment;
  if (kind === 'url') return { kind, name, url: attachment.url, ...defined({ mediaType }) };
  const size = kind === 'inline' ? attachment.bytes.length : attachment.size;
  return { kind, name, size, ...defined({ mediaType }) };
}
