import { describe, expect, it } from 'vitest';
import { codeOf } from '#kernel';
import { contactIn, party } from '../../test/support/trust-fixtures.ts';
import type { ContactEvent } from './contact-event.ts';
import { nextContact } from './contact-machine.ts';
import type { Contact } from './contact.ts';
import { awaitsAnswer, exchangeStanding, owesStep } from './exchange.ts';

const bob = party(1);
const lifetimeMs = 500;
const who = { agent: 'me', agentId: bob.agentId, petname: 'bob' };

const apply = (contact: Contact | undefined, event: ContactEvent, now = 100): Contact =>
  nextContact({ contact, event, now, exchangeLifetimeMs: lifetimeMs });

const askedBob = (contact?: Contact, nonce = 'n1', now = 100): Contact =>
  apply(contact, { type: 'requestOut', who, card: bob.card, nonce }, now);

const refuse = (contact: Contact, code: 'STORE_FULL' | 'INVITE_USED' | 'NOT_TRUSTED' | 'TIMESTAMP_STALE', now = 100) =>
  apply(
    contact,
    { type: 'refused', of: contact.pending?.kind ?? 'request', nonce: contact.pending?.nonce ?? '', code },
    now,
  );

const accept = (contact: Contact, nonce: string): string => {
  try {
    return apply(contact, { type: 'accepted', card: bob.card, nonce }).state;
  } catch (error) {
    return codeOf(error);
  }
};

describe('a request that is made again', () => {
  const again = askedBob(askedBob(askedBob()), 'n2');

  it('is answered by an acceptance of any of them, and by no other', () => {
    expect(['n1', 'n2', 'nx'].map((nonce) => accept(again, nonce))).toEqual(['trusted', 'trusted', 'NOT_TRUSTED']);
  });

  it('does not bring back what was withdrawn', () => {
    const anew = askedBob(apply(again, { type: 'remove' }), 'n3');
    expect(['n2', 'n3'].map((nonce) => accept(anew, nonce))).toEqual(['NOT_TRUSTED', 'trusted']);
  });

  it('remembers some of the earlier ones, however often it is made', () => {
    const often = Array.from({ length: 20 }, (_, n) => `n${n}`).reduce<Contact | undefined>(askedBob, undefined);
    expect(often?.pending?.earlier).toEqual(['n18', 'n17', 'n16', 'n15', 'n14', 'n13', 'n12']);
  });

  it('to a peer keeps the trust, the tier and the comparison, and is over with the answer', () => {
    const peer = contactIn('trusted', bob, { tier: 'owner', verifiedAt: 7 });
    const asking = askedBob(peer);
    expect(asking).toMatchObject({ state: 'trusted', tier: 'owner', verifiedAt: 7, trustedAt: 3 });
    expect(asking.pending).toMatchObject({ kind: 'request', nonce: 'n1' });
    const other = apply(asking, { type: 'accepted', card: bob.card, nonce: 'nx' });
    expect(other.pending).toEqual(asking.pending);
    expect(apply(asking, { type: 'accepted', card: bob.card, nonce: 'n1' }).pending).toBeUndefined();
  });

  it('to somebody who asked is the approval', () => {
    expect(askedBob(contactIn('requested-in', bob))).toMatchObject({
      state: 'trusted',
      pending: { kind: 'accept', nonce: 'aa' },
    });
  });
});

describe('a refusal', () => {
  it('that passes keeps the step and is gone when the other node takes it', () => {
    const refused = refuse(askedBob(), 'STORE_FULL', 120);
    expect(refused).toMatchObject({
      pending: { nonce: 'n1' },
      refusal: { of: 'request', code: 'STORE_FULL', at: 120 },
    });
    const taken = apply(refused, { type: 'confirmed', nonce: 'n1' }, 130);
    expect(taken.pending?.deliveredAt).toBe(130);
    expect(taken.refusal).toBeUndefined();
  });

  it('of an invite ends the request, and a new one begins it anew', () => {
    const refused = refuse(askedBob(), 'INVITE_USED');
    expect(refused.state).toBe('requested-out');
    expect(exchangeStanding(refused, 110)).toEqual({ step: 'request', state: 'refused' });
    expect(accept(refused, 'n1')).toBe('NOT_TRUSTED');
    const anew = askedBob(refused, 'n2');
    expect(exchangeStanding(anew, 110)).toMatchObject({ state: 'under-way' });
    expect(anew.refusal).toBeUndefined();
  });

  it('of an acceptance by somebody who does not ask any more ends it, and the trust here stays', () => {
    const approved = apply(contactIn('requested-in', bob), { type: 'approve' });
    const refused = refuse(approved, 'NOT_TRUSTED');
    expect(refused.state).toBe('trusted');
    expect(exchangeStanding(refused, 110)).toEqual({ step: 'accept', state: 'refused' });
  });

  it('of a step that is not under way any more changes nothing', () => {
    const crossed = apply(askedBob(), { type: 'requestIn', who, card: bob.card, requestId: 'req_1', nonce: 'n1' });
    expect(crossed.pending).toMatchObject({ kind: 'accept', nonce: 'n1' });
    const event = { type: 'refused', of: 'request', nonce: 'n1', code: 'INVITE_USED' } as const;
    expect(apply(crossed, event)).toEqual(crossed);
    expect(apply(askedBob(), { ...event, nonce: 'n0' })).toEqual(askedBob());
  });

  it('of a message is remembered until something gets through', () => {
    const doubted = apply(contactIn('trusted', bob), { type: 'distrusted', code: 'NOT_TRUSTED' });
    expect(doubted.refusal).toEqual({ of: 'message', code: 'NOT_TRUSTED', at: 100 });
    expect(exchangeStanding(doubted, 110)).toBeUndefined();
    expect(apply(doubted, { type: 'proved' }).refusal).toBeUndefined();
    expect(apply(doubted, { type: 'accepted', card: bob.card, nonce: 'nx' }).refusal).toBeUndefined();
  });
});

describe('the time for a step', () => {
  it('ends the calls for it, and is shown', () => {
    const asked = askedBob();
    expect(exchangeStanding(asked, 599)).toEqual({ step: 'request', state: 'under-way', until: 600 });
    expect([owesStep(asked, 599), awaitsAnswer(asked, 599)]).toEqual([true, true]);
    expect(exchangeStanding(asked, 600)).toEqual({ step: 'request', state: 'expired', until: 600 });
    expect([owesStep(asked, 600), awaitsAnswer(asked, 600)]).toEqual([false, false]);
    expect(accept(asked, 'n1')).toBe('trusted');
  });

  it('does not run while the clocks of the two differ, and begins anew after that', () => {
    const early = refuse(askedBob(undefined, 'n1', 100), 'TIMESTAMP_STALE', 110);
    expect(exchangeStanding(early, 1_000_000)).toMatchObject({ state: 'under-way' });
    const delivered = apply(early, { type: 'confirmed', nonce: 'n1' }, 1_000_000);
    expect(exchangeStanding(delivered, 1_000_000)).toEqual({
      step: 'request',
      state: 'delivered',
      until: 1_000_000 + lifetimeMs,
    });
    const full = refuse(early, 'STORE_FULL', 1_000_000);
    expect(full.pending?.expiresAt).toBe(1_000_000 + lifetimeMs);
  });
});
