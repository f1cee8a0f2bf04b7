import { describe, expect, it } from 'vitest';
import { codeOf, defaultLimits, toMeshError } from '#kernel';
import { contactIn, party, readerOf } from '../../test/support/trust-fixtures.ts';
import type { Contact } from './contact.ts';
import { checkInvite, makeInviteRecord } from './invite.ts';
import { admitRequest } from './request-intake.ts';

const bob = party(1);
const limits = { ...defaultLimits, maxPendingRequests: 3, maxNewRequestsPerHour: 5 };
const others = [2, 3, 4].map((number) => contactIn('requested-in', party(number)));

interface Given {
  readonly contacts?: readonly Contact[];
  /** Requests within the last hour. */
  readonly recent?: number;
  readonly nonce?: string;
  readonly invited?: boolean;
}

function ask({ contacts = [], recent = 0, nonce = 'aa', invited = false }: Given) {
  const record = makeInviteRecord({
    id: 'inv',
    agent: 'me',
    sealedSecret: new Uint8Array(1),
    tier: 'bounded',
    now: 0,
    lifetimeMs: 99,
  });
  const invite = invited ? checkInvite(record, 9) : undefined;
  const reader = readerOf(contacts, { requests: recent });
  return admitRequest({ reader, agent: 'me', verifiedRequest: { from: bob.agentId, nonce }, invite, now: 10, limits });
}

function outcome(given: Given): string {
  try {
    return ask(given).kind;
  } catch (error) {
    return codeOf(error);
  }
}

describe('a contact request of a stranger', () => {
  it('is taken while there is room', () => {
    expect(ask({})).toEqual({ kind: 'new' });
    expect(outcome({ contacts: others.slice(0, 2), recent: 4 })).toBe('new');
  });

  it('is refused when as many wait as may, or as many came in the last hour', () => {
    expect(outcome({ contacts: others })).toBe('REQUESTS_FULL');
    expect(outcome({ recent: 5 })).toBe('REQUESTS_FULL');
  });

  it('waits once: the same one again is a repeat, a newer one takes its place though the list is full', () => {
    const waiting = contactIn('requested-in', bob);
    const contacts = [...others, waiting];
    expect(ask({ contacts, nonce: 'aa', recent: 99 })).toEqual({ kind: 'repeat', contact: waiting });
    expect(ask({ contacts, nonce: 'ab' })).toEqual({ kind: 'new', contact: waiting });
    expect(outcome({ contacts, nonce: 'ab', recent: 5 })).toBe('REQUESTS_FULL');
  });

  it('of an agent that was removed or only seen is as that of any other', () => {
    expect(outcome({ contacts: [contactIn('removed', bob)] })).toBe('new');
    expect(outcome({ contacts: [...others, contactIn('discovered', bob)] })).toBe('REQUESTS_FULL');
  });
});

describe('a contact request of a known agent', () => {
  it('is answered at once when it is a peer or was asked itself, whatever the caps say', () => {
    expect(outcome({ contacts: [...others, contactIn('trusted', bob)], recent: 99 })).toBe('trusted');
    expect(outcome({ contacts: [...others, contactIn('requested-out', bob)], recent: 99 })).toBe('crossed');
  });

  it('that is blocked gets exactly what a stranger gets when the list is full', () => {
    const errorOf = (given: Given): unknown => {
      try {
        return ask(given);
      } catch (error) {
        const { code, message, hint, data } = toMeshError(error);
        return { code, message, hint, data };
      }
    };
    expect(errorOf({ contacts: [contactIn('blocked', bob)] })).toEqual(errorOf({ contacts: others }));
    expect(errorOf({ contacts: [contactIn('blocked', bob)], invited: true })).toEqual(errorOf({ contacts: others }));
  });

  it('that is frozen learns that it is', () => {
    expect(outcome({ contacts: [contactIn('changed', bob)] })).toBe('CONTACT_CHANGED');
    expect(outcome({ contacts: [contactIn('changed', bob)], invited: true })).toBe('CONTACT_CHANGED');
  });
});

describe('a contact request with an invite', () => {
  it('is not capped', () => {
    expect(outcome({ contacts: others, recent: 99, invited: true })).toBe('invited');
    const waiting = contactIn('requested-in', bob);
    expect(ask({ contacts: [waiting], invited: true })).toEqual({ kind: 'invited', contact: waiting });
  });

  it('of a peer changes nothing about the peer', () => {
    expect(outcome({ contacts: [contactIn('trusted', bob)], invited: true })).toBe('trusted');
  });
});
