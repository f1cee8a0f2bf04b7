import { MeshError } from '#kernel';
import { applyEvent } from './contact-effects.ts';
import type { ContactEvent } from './contact-event.ts';
import { cannot, type ContactStart, contactTable, whatNext } from './contact-table.ts';
import { type Contact, defaultTier } from './contact.ts';

export interface ContactStep {
  /** As it is stored; absent for an agent that is not known yet. */
  readonly contact: Contact | undefined;
  readonly event: ContactEvent;
  readonly now: number;
  /** How long a request or acceptance that this step begins is tried (ms): `limits.contactExchangeLifetimeMs`. */
  readonly exchangeLifetimeMs: number;
}

/**
 * The contact after the event. Pure: the caller stores it (deletes the row when the state is `removed` or `rejected`,
 * renames it when `agentId` changed). Throws WRONG_STATE; CARD_ROLLBACK; INVALID_ARGUMENT for a card of another agent
 * or an impossible tier; NOT_TRUSTED for an acceptance that answers no request of ours; INVITE_INVALID for an invite of
 * another local agent.
 */
export function nextContact(step: ContactStep): Contact {
  const { contact, event, now } = step;
  const from: ContactStart = contact?.state ?? 'none';
  const targets = contactTable[from][event.type];
  const present = contact ?? begin(event, now);
  if (targets === undefined || present === undefined) throw wrongState(step, from);
  const next = applyEvent(present, event, { now, expiresAt: now + step.exchangeLifetimeMs });
  if (!targets.includes(next.state)) {
    throw new MeshError(
      'INTERNAL',
      `${event.type} led from ${from} to ${next.state}, which the table of contacts does not know`,
    );
  }
  return { ...next, updatedAt: now };
}

function begin(event: ContactEvent, now: number): Contact | undefined {
  if (!('who' in event)) return undefined;
  const start = {
    state: 'discovered',
    tier: defaultTier,
    permissions: {},
    routes: [],
    createdAt: now,
    updatedAt: now,
  } as const;
  return { ...event.who, ...start };
}

function wrongState({ contact, event }: ContactStep, from: ContactStart): MeshError {
  const name = contact?.petname ?? 'an unknown agent';
  const possible = Object.keys(contactTable[from]);
  return new MeshError('WRONG_STATE', `${name} ${cannot[event.type]}: its state is ${from}`, {
    hint: whatNext[from].replaceAll('{name}', contact?.petname ?? 'NAME'),
    data: { state: from, event: event.type, possible },
  });
}
