import { type Limits, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { Contact } from './contact.ts';
import type { ValidInvite } from './invite.ts';
import type { ContactReader } from './store.ts';

const hourMs = 3600 * 1000;

/** Of a contact request whose signature, time and addressee were checked. */
export interface IncomingRequest {
  readonly from: AgentId;
  /** Hex. */
  readonly nonce: string;
}

export interface RequestQuestion {
  readonly reader: ContactReader;
  readonly agent: string;
  readonly verifiedRequest: IncomingRequest;
  /** That the request proved to know; it takes the place of a person's approval and is not capped. */
  readonly invite?: ValidInvite | undefined;
  readonly now: number;
  readonly limits: Limits;
}

/**
 * What a request is to this agent. `new`: waits for a person, counts (`countRequest`), and replaces an earlier one of
 * the same sender. `repeat`: the same one again, nothing to store. `crossed`: this agent asked too; `trusted`: it is a
 * peer already; for both the event `requestIn` leads to an acceptance. `invited`: the event is `redeem`.
 */
export type RequestAdmission =
  | { readonly kind: 'new' | 'invited'; readonly contact?: Contact }
  | { readonly kind: 'repeat' | 'crossed' | 'trusted'; readonly contact: Contact };

/**
 * Whether a request of a stranger is taken. Throws REQUESTS_FULL (`data.retryAfterMs`) at the caps of PROTOCOL §3 and
 * for blocked agents, which so cannot tell a block from a full list; CONTACT_CHANGED for a frozen peer.
 */
export function admitRequest(question: RequestQuestion): RequestAdmission {
  const { reader, agent, verifiedRequest } = question;
  const contact = reader.byAgentId(agent, verifiedRequest.from);
  switch (contact?.state) {
    case 'blocked':
      throw full();
    case 'changed':
      throw new MeshError('CONTACT_CHANGED', 'The contact is frozen until its owner compared keys with this one');
    case 'trusted':
      return { kind: 'trusted', contact };
    default:
      return question.invite === undefined ? admitStranger(question, contact) : { kind: 'invited', ...known(contact) };
  }
}

function admitStranger(question: RequestQuestion, contact: Contact | undefined): RequestAdmission {
  switch (contact?.state) {
    case 'requested-out':
      return { kind: 'crossed', contact };
    case 'requested-in':
      if (contact.requestNonce === question.verifiedRequest.nonce) return { kind: 'repeat', contact };
      checkRate(question);
      return { kind: 'new', contact };
    default:
      checkPending(question);
      checkRate(question);
      return { kind: 'new', ...known(contact) };
  }
}

const known = (contact: Contact | undefined): { readonly contact?: Contact } =>
  contact === undefined ? {} : { contact };

function checkPending({ reader, agent, limits }: RequestQuestion): void {
  if (reader.list({ agent, states: ['requested-in'] }).length >= limits.maxPendingRequests) throw full();
}

function checkRate({ reader, agent, now, limits }: RequestQuestion): void {
  if (reader.requestsSince(agent, now - hourMs) >= limits.maxNewRequestsPerHour) throw full();
}

/** One text for every reason. */
const full = (): MeshError =>
  new MeshError('REQUESTS_FULL', 'No more contact requests are taken now', { data: { retryAfterMs: hourMs } });
