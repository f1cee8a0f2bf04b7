import { MeshError, toHex } from '#kernel';
import type { AgentId, VerifiedCard, VerifiedRotation } from '#identity';
import { appendAudit } from '#audit';
import { decodeMessage, encodeMessage, type MessageId } from '#protocol';
import { choosePetname, type Contact, type ContactEvent, nextContact, type Tier } from '#trust';
import { dropPeerKeyPackages } from './key-packages.ts';
import type { LocalAgent, PipelinePorts } from './lane.ts';
import type { MeshTransaction } from './store.ts';
import { tellSteps } from './tell-steps.ts';

/** Where contacts of one local agent are decided: every change is one transaction with its audit entry. */
export interface Desk {
  readonly agent: LocalAgent;
  readonly ports: PipelinePorts;
}

/** Applies an event to the contact in the store. Throws what the contact machine throws; then nothing changed. */
export async function changeContact(desk: Desk, agentId: AgentId, event: ContactEvent): Promise<Contact> {
  const next = await desk.ports.store.transact((tx) => writeEvent(desk, tx, { agentId, event }));
  desk.ports.emit({ type: 'contact', contact: next });
  return next;
}

/** The same inside a transaction that has more to do. */
export function writeEvent(
  desk: Desk,
  tx: MeshTransaction,
  change: { readonly agentId: AgentId; readonly event: ContactEvent },
): Contact {
  const { agent, ports } = desk;
  const contact = tx.contacts.byAgentId(agent.name, change.agentId);
  const next = nextContact({
    contact,
    event: change.event,
    now: ports.clock.now(),
    exchangeLifetimeMs: ports.limits.contactExchangeLifetimeMs,
  });
  store(tx, contact, next);
  if (contact !== undefined && (change.event.type === 'reject' || change.event.type === 'remove')) {
    rememberTurnedDown(desk, tx, contact);
  }
  if (contact?.state !== next.state || contact.tier !== next.tier || contact.agentId !== next.agentId) {
    const data = { peer: next.agentId, petname: next.petname, event: change.event.type, tier: next.tier };
    appendAudit(tx.audit, { at: ports.clock.now(), agent: agent.name, kind: `contact.${next.state}`, data });
  }
  return next;
}

function store(tx: MeshTransaction, before: Contact | undefined, next: Contact): void {
  if (before !== undefined && before.agentId !== next.agentId)
    tx.contacts.rename(next.agent, before.agentId, next.agentId);
  // Nothing is kept of what a person rejected or removed, except that blocked stays blocked.
  if (next.state !== 'removed' && next.state !== 'rejected') {
    tx.contacts.put(next);
    return;
  }
  dropPeerKeyPackages(tx, { agent: next.agent, peer: next.agentId, now: next.updatedAt });
  tx.contacts.delete(next.agent, next.agentId);
}

const turnedDown = (nonce: string): string => `turned-down.${nonce}`;

/** Whoever asked goes on asking, because it is told nothing: the same request does not come before a person twice. */
function rememberTurnedDown({ ports }: Desk, tx: MeshTransaction, { agentId, requestNonce }: Contact): void {
  if (requestNonce === undefined) return;
  tx.contacts.useNonce(agentId, turnedDown(requestNonce), ports.clock.now() + ports.limits.contactExchangeLifetimeMs);
}

export const wasTurnedDown = (
  tx: MeshTransaction,
  request: { readonly from: AgentId; readonly nonce: string },
): boolean => tx.contacts.hasNonce(request.from, turnedDown(request.nonce));

/**
 * A person trusts the key that turned up at a contact: it is asked for contact, and what waits is for it now. Nothing that was sealed for
 * the old key is sent any more.
 */
export async function takeNewKey(desk: Desk, agentId: AgentId): Promise<Contact> {
  const { agent, ports } = desk;
  const decision = { keep: 'new-key', nonce: toHex(ports.random.bytes(16)) } as const;
  const { next, unsealed } = await ports.store.transact((tx) => {
    const ids = unsealAll(desk, tx, agentId);
    dropPeerKeyPackages(tx, { agent: agent.name, peer: agentId, now: ports.clock.now() });
    const contact = writeEvent(desk, tx, { agentId, event: { type: 'approveChange', decision } });
    const to = contact.agentId;
    tx.outbox.rewriteWaiting({ agent: agent.name, peer: to }, (body) =>
      encodeMessage({ ...decodeMessage(body, ports.limits), to }),
    );
    return { next: contact, unsealed: ids };
  });
  ports.emit({ type: 'contact', contact: next });
  tellUnsealed(desk, next.agentId, unsealed);
  return next;
}

export interface ContactTarget {
  readonly agentId: AgentId;
  readonly card?: VerifiedCard | undefined;
  readonly name: string;
  readonly routes: readonly string[];
  readonly petname?: string | undefined;
  readonly purpose?: string | undefined;
  readonly tier?: Tier | undefined;
  readonly invite?: { readonly id: string; readonly secret: Uint8Array } | undefined;
}

/** Asks another agent for contact: kept and tried again until it answers or the time for it is over. */
export async function requestContact(desk: Desk, target: ContactTarget): Promise<Contact> {
  const { agent, ports } = desk;
  if (target.agentId === agent.agentId) {
    throw new MeshError('INVALID_ARGUMENT', 'That is this agent itself', {
      hint: 'Take the address or the invite of another agent.',
    });
  }
  const { invite, card, purpose, tier } = target;
  const sealed = invite && { id: invite.id, secret: agent.vault.seal(`invite/${invite.id}`, invite.secret) };
  const event: ContactEvent = {
    type: 'requestOut',
    who: { agent: agent.name, agentId: target.agentId, petname: petnameFor(desk, target) },
    routes: target.routes,
    nonce: toHex(ports.random.bytes(16)),
    ...(card === undefined ? {} : { card }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(tier === undefined ? {} : { tier }),
    ...(sealed === undefined ? {} : { invite: sealed }),
  };
  return changeContact(desk, target.agentId, event);
}

/** The name asked for, which must be free; else one made from the name that the agent gave itself. */
export function petnameFor(desk: Desk, target: Pick<ContactTarget, 'agentId' | 'name' | 'petname'>): string {
  const { contacts } = desk.ports.store.read;
  const known = contacts.byAgentId(desk.agent.name, target.agentId);
  if (known !== undefined && target.petname === undefined) return known.petname;
  const taken = contacts.list({ agent: desk.agent.name }).filter(({ agentId }) => agentId !== target.agentId);
  const names = new Set(taken.map(({ petname }) => petname));
  if (target.petname === undefined) return choosePetname(target.name, (name) => names.has(name));
  if (names.has(target.petname)) throw new MeshError('NAME_TAKEN', `Another contact is called ${target.petname}`);
  return target.petname;
}

/**
 * The far end proved by a chain of statements that it is an agent we know under an earlier id: contact, queues and dedup move to the
 * new id, sessions of the old key end. Undefined when no contact stands in the chain. `moved` is called in the transaction, so that
 * whatever is written after it names the new id; and back when it is undone. Runs inside the lane's serial.
 */
export async function followRotation(
  desk: Desk,
  chain: readonly VerifiedRotation[],
  moved: (from: AgentId, to: AgentId) => void,
): Promise<Contact | undefined> {
  const { agent, ports } = desk;
  const from = startOf(desk, chain);
  if (from === undefined) return undefined;
  let to = from;
  try {
    const { contact, unsealed } = await ports.store.transact((tx) => {
      const ids = unsealAll(desk, tx, from);
      const next = writeEvent(desk, tx, { agentId: from, event: { type: 'followRotation', chain } });
      to = next.agentId;
      moved(from, to);
      return { contact: next, unsealed: ids };
    });
    tellUnsealed(desk, to, unsealed);
    ports.emit({ type: 'contact', contact });
    ports.logger.info('contact.rotated', { agent: agent.name, from, to });
    return contact;
  } catch (error) {
    moved(to, from);
    throw error;
  }
}

/** The id in the chain under which the agent is a contact. */
export const startOf = ({ agent, ports }: Desk, chain: readonly VerifiedRotation[]): AgentId | undefined =>
  chain.map(({ from }) => from).find((from) => ports.store.read.contacts.byAgentId(agent.name, from) !== undefined);

/**
 * Ends every session with the peer (or with all, when our own key changed): what was not acknowledged waits to be sealed anew. Returns
 * those messages.
 */
export function unsealAll(desk: Desk, tx: MeshTransaction, peer: AgentId): readonly MessageId[] {
  const { name } = desk.agent;
  // A session may be lost while its frames are not.
  const sealed = [...tx.sessions.sessions(name, peer), ...tx.outbox.frames(name, peer)].map(({ groupId }) => groupId);
  const ids = [...new Set(sealed)].flatMap((groupId) => tx.outbox.unseal(name, groupId));
  tx.sessions.deleteSessionsOf(name, peer);
  return ids;
}

/** After the commit of what unsealed them. */
export function tellUnsealed({ agent, ports }: Desk, peer: AgentId, ids: readonly MessageId[]): void {
  tellSteps(ports, ids, { agent: agent.name, peer, step: 'unsealed', state: 'queued' });
}
