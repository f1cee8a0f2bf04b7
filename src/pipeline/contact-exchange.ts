import { type ErrorCode, fromHex, type Limits, MeshError, toHex } from '#kernel';
import type { AgentId } from '#identity';
import {
  checkInviteMac,
  type Frame,
  signContactAccept,
  signContactRequest,
  type VerifiedContactAccept,
  type VerifiedContactRequest,
  verifyContactAccept,
  verifyContactRequest,
} from '#protocol';
import {
  admitRequest,
  checkInvite,
  type Contact,
  type ContactEvent,
  isOver,
  type PendingExchange,
  useInvite,
  type ValidInvite,
} from '#trust';
import { changeContact, type Desk, petnameFor, wasTurnedDown, writeEvent } from './contact-desk.ts';
import { type CheckedKeyPackage, checkKeyPackage, dropPeerKeyPackages, freshKeyPackage } from './key-packages.ts';
import type { PipelinePorts } from './lane.ts';
import type { MeshTransaction } from './store.ts';

/**
 * The signed step that is under way with the contact, made anew for this attempt: same nonce, fresh time and key package. A request
 * whose time is over is not made again; an acceptance tells what was decided, and is never too late.
 */
export async function makeExchangeFrame(desk: Desk, contact: Contact): Promise<Frame | undefined> {
  const { pending } = contact;
  const { agent, ports } = desk;
  const now = ports.clock.now();
  if (pending === undefined || (pending.kind === 'request' && isOver(contact, now))) return undefined;
  const keyPackage = await freshKeyPackage(agent, ports);
  await ports.store.transact((tx) => keyPackage.write(tx));
  const common = { card: agent.card(), to: contact.agentId, at: now, keyPackage: keyPackage.bytes, root: agent.root };
  const secret = inviteSecret(desk, contact);
  const bytes =
    pending.kind === 'accept'
      ? signContactAccept({ ...common, requestNonce: fromHex(pending.nonce) })
      : signContactRequest({
          ...common,
          nonce: fromHex(pending.nonce),
          ...(contact.purpose === undefined ? {} : { purpose: contact.purpose }),
          ...(secret === undefined ? {} : { invite: secret }),
        });
  return {
    v: 1,
    id: ports.ids.next('frm'),
    kind: pending.kind,
    from: agent.agentId,
    to: contact.agentId,
    createdAt: now,
    expiresAt: now + ports.limits.contactExchangeLifetimeMs,
    priority: 'high',
    bytes,
  };
}

function inviteSecret(desk: Desk, contact: Contact): { readonly id: string; readonly secret: Uint8Array } | undefined {
  const invite = contact.pending?.invite;
  return invite && { id: invite.id, secret: desk.agent.vault.open(`invite/${invite.id}`, invite.secret) };
}

export interface ExchangeWay {
  /** It lay in a mailbox, for as long as an exchange may take. */
  readonly byMail?: boolean;
}

const readingLimits = ({ limits }: PipelinePorts, { byMail }: ExchangeWay): Limits =>
  byMail === true ? { ...limits, maxSkewPastMs: limits.contactExchangeLifetimeMs } : limits;

/** A contact request came in from that agent. Throws the code that the far end is told. */
export async function receiveRequest(desk: Desk, frame: Frame, way: ExchangeWay = {}): Promise<void> {
  const { agent, ports } = desk;
  const now = ports.clock.now();
  const request = verifyContactRequest(frame.bytes, { now, self: agent.agentId, limits: readingLimits(ports, way) });
  checkSender(frame, request.card.agentId);
  const keyPackage = await checkKeyPackage(ports, request.card.agentId, request.keyPackage);
  const done = await ports.store.transact((tx) => takeRequest(desk, tx, { request, keyPackage, now }));
  if (done === undefined) return;
  ports.emit({ type: 'contact', contact: done.contact });
  if (done.isNew) ports.emit({ type: 'request', contact: done.contact });
}

interface TakenRequest {
  readonly request: VerifiedContactRequest;
  readonly keyPackage: CheckedKeyPackage;
  readonly now: number;
}

interface TakenAs {
  readonly contact: Contact;
  readonly isNew: boolean;
}

/** Undefined when a person turned this very request down: the asker is told that it arrived, as before. */
function takeRequest(desk: Desk, tx: MeshTransaction, taken: TakenRequest): TakenAs | undefined {
  const { agent, ports } = desk;
  const { request, keyPackage, now } = taken;
  const from = request.card.agentId;
  useOnce(desk, tx, { signer: from, at: request.at, nonce: request.nonce });
  const known = tx.contacts.byAgentId(agent.name, from);
  const invite = canRedeem(known) ? redeemable(desk, tx, { request, now }) : undefined;
  const verifiedRequest = { from, nonce: toHex(request.nonce) };
  const admission = admitRequest({
    reader: tx.contacts,
    agent: agent.name,
    verifiedRequest,
    now,
    limits: ports.limits,
    ...(invite === undefined ? {} : { invite }),
  });
  if (admission.kind === 'new' && wasTurnedDown(tx, verifiedRequest)) return undefined;
  if (invite !== undefined) tx.contacts.putInvite(useInvite(invite, { now, by: from }));
  if (admission.kind === 'new') tx.contacts.countRequest(agent.name, now);
  keepKeyPackage(desk, tx, { peer: from, keyPackage });
  if (admission.kind === 'repeat') return { contact: admission.contact, isNew: false };
  const event = requestEvent(desk, request, invite);
  return { contact: writeEvent(desk, tx, { agentId: from, event }), isNew: admission.kind === 'new' };
}

/** In place of earlier ones: whoever asks again and again must not fill the disk. */
function keepKeyPackage(desk: Desk, tx: MeshTransaction, of: { peer: AgentId; keyPackage: CheckedKeyPackage }): void {
  const to = { agent: desk.agent.name, peer: of.peer };
  dropPeerKeyPackages(tx, { ...to, now: desk.ports.clock.now() });
  tx.sessions.putPeerKeyPackage({ ...to, ...of.keyPackage });
}

function requestEvent(desk: Desk, request: VerifiedContactRequest, invite: ValidInvite | undefined): ContactEvent {
  const { card, purpose } = request;
  const petname = petnameFor(desk, { agentId: card.agentId, name: card.name });
  const who = { agent: desk.agent.name, agentId: card.agentId, petname };
  const nonce = toHex(request.nonce);
  if (invite !== undefined) return { type: 'redeem', who, card, nonce, invite };
  const requestId = desk.ports.ids.next('req');
  return { type: 'requestIn', who, card, nonce, requestId, ...(purpose === undefined ? {} : { purpose }) };
}

/** A peer needs no invite, and whoever is frozen or blocked gets out of it by none. */
const canRedeem = (known: Contact | undefined): boolean =>
  known?.state !== 'trusted' && known?.state !== 'changed' && known?.state !== 'blocked';

/** The invite that the request shows, once its record, its time and its MAC hold. */
function redeemable(
  desk: Desk,
  tx: MeshTransaction,
  shown: { readonly request: VerifiedContactRequest; readonly now: number },
): ValidInvite | undefined {
  const { request, now } = shown;
  if (request.invite === undefined) return undefined;
  const record = tx.contacts.invite(request.invite.id);
  if (record?.agent !== desk.agent.name) throw new MeshError('INVITE_INVALID', 'No invite with this id was made here');
  const secret = desk.agent.vault.open(`invite/${record.id}`, record.secret);
  if (!checkInviteMac(request, secret))
    throw new MeshError('INVITE_INVALID', 'The request does not prove that it knows the invite');
  return checkInvite(record, now);
}

/** The signed statement may arrive again with a later time (another attempt), never with the same one. */
function useOnce(
  desk: Desk,
  tx: MeshTransaction,
  statement: { readonly signer: AgentId; readonly at: number; readonly nonce: Uint8Array },
): void {
  const { limits } = desk.ports;
  const { signer, at, nonce } = statement;
  // As long as it could come again by a mailbox.
  const until = at + limits.contactExchangeLifetimeMs + limits.maxSkewFutureMs;
  if (!tx.contacts.useNonce(signer, `${toHex(nonce)}.${at}`, until)) {
    throw new MeshError('REPLAYED', 'This contact request was already received');
  }
}

/** The acceptance of a request of ours came in. Throws the code that the far end is told. */
export async function receiveAccept(desk: Desk, frame: Frame, way: ExchangeWay = {}): Promise<Contact> {
  const { agent, ports } = desk;
  const accept = verifyContactAccept(frame.bytes, {
    now: ports.clock.now(),
    self: agent.agentId,
    limits: readingLimits(ports, way),
  });
  checkSender(frame, accept.card.agentId);
  const keyPackage = await checkKeyPackage(ports, accept.card.agentId, accept.keyPackage);
  const contact = await ports.store.transact((tx) => takeAccept(desk, tx, { accept, keyPackage }));
  ports.emit({ type: 'contact', contact });
  return contact;
}

function takeAccept(
  desk: Desk,
  tx: MeshTransaction,
  taken: { readonly accept: VerifiedContactAccept; readonly keyPackage: CheckedKeyPackage },
): Contact {
  const { agent } = desk;
  const { accept, keyPackage } = taken;
  const { card } = accept;
  const known = tx.contacts.byAgentId(agent.name, card.agentId);
  if (known?.state === 'changed') throw new MeshError('CONTACT_CHANGED');
  // One answer for every reason: a blocked agent cannot tell a block from a request that was withdrawn.
  if (known?.state !== 'requested-out' && known?.state !== 'trusted')
    throw new MeshError('NOT_TRUSTED', 'The acceptance does not answer a request of this agent');
  useOnce(desk, tx, { signer: card.agentId, at: accept.at, nonce: accept.requestNonce });
  keepKeyPackage(desk, tx, { peer: card.agentId, keyPackage });
  const event = { type: 'accepted', card, nonce: toHex(accept.requestNonce) } as const;
  return writeEvent(desk, tx, { agentId: card.agentId, event });
}

function checkSender(frame: Frame, signer: AgentId): void {
  if (frame.from !== signer)
    throw new MeshError('SIGNATURE_INVALID', 'The statement is signed by another agent than its sender');
}

/** The step that was tried, as the contact held it when its frame was made, and the code of a refusal. */
export interface TriedStep {
  readonly step: Pick<PendingExchange, 'kind' | 'nonce'>;
  readonly code?: ErrorCode | undefined;
}

/** Keeps what the far end said to our request or acceptance. */
export async function settleExchange(desk: Desk, agentId: AgentId, { step, code }: TriedStep): Promise<Contact> {
  const { kind: of, nonce } = step;
  const event: ContactEvent = code === undefined ? { type: 'confirmed', nonce } : { type: 'refused', of, nonce, code };
  return changeContact(desk, agentId, event);
}
