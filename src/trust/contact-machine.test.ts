import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError, toMeshError } from '#kernel';
import { encodeIncarnation, signIncarnation, signRotation, verifyRotation } from '#identity';
import { contactIn, party } from '../../test/support/trust-fixtures.ts';
import type { ContactEvent, ContactEventType } from './contact-event.ts';
import { nextContact } from './contact-machine.ts';
import { type ContactStart, contactTable } from './contact-table.ts';
import { type Contact, type ContactState, contactStates } from './contact.ts';
import { checkInvite, makeInviteRecord } from './invite.ts';

const bob = party(1);
const bobsNewKey = party(99);
const bobsNextKey = party(2);
const now = 100;
const rotation = verifyRotation(signRotation({ from: bob.root, to: bobsNextKey.root, at: 50 }));

const lifeOf = (number: number, root = bob.root) => signIncarnation(root, { number, id: new Uint8Array(16), asOf: 1 });

const inviteOf = (agent: string) =>
  checkInvite(
    makeInviteRecord({
      id: 'inv_1',
      agent,
      sealedSecret: new Uint8Array(3),
      tier: 'trusted',
      now: 0,
      lifetimeMs: 1000,
    }),
    now,
  );

const who = { agent: 'me', agentId: bob.agentId, petname: 'bob' };

const samples: { readonly [E in ContactEventType]: ContactEvent } = {
  discover: { type: 'discover', who, card: bob.card, routes: ['http://10.9.9.9:1'] },
  requestOut: { type: 'requestOut', who, card: bob.card, nonce: 'cc' },
  requestIn: { type: 'requestIn', who, card: bob.card, requestId: 'req_2', nonce: 'dd', purpose: 'work' },
  redeem: { type: 'redeem', who, card: bob.card, nonce: 'ee', invite: inviteOf('me') },
  approve: { type: 'approve' },
  reject: { type: 'reject' },
  accepted: { type: 'accepted', card: bob.card, nonce: 'bb' },
  confirmed: { type: 'confirmed', nonce: 'bb' },
  refused: { type: 'refused', of: 'request', nonce: 'bb', code: 'STORE_FULL' },
  distrusted: { type: 'distrusted', code: 'NOT_TRUSTED' },
  proved: { type: 'proved' },
  keyChanged: { type: 'keyChanged', card: bobsNewKey.card },
  approveChange: { type: 'approveChange', decision: { keep: 'old-key' } },
  block: { type: 'block' },
  unblock: { type: 'unblock' },
  setTier: { type: 'setTier', tier: 'notify' },
  remove: { type: 'remove' },
  markVerified: { type: 'markVerified' },
  updateCard: { type: 'updateCard', card: bob.card },
  reborn: { type: 'reborn', incarnation: lifeOf(7) },
  followRotation: { type: 'followRotation', chain: [rotation], card: bobsNextKey.card },
};
const eventTypes = Object.keys(samples) as ContactEventType[];

/**
 * Where each sample leads; what is absent is refused. Written out a second time on purpose: the table is checked
 * against it.
 */
const expected: { readonly [S in ContactStart]: { readonly [E in ContactEventType]?: ContactState } } = {
  none: { discover: 'discovered', requestOut: 'requested-out', requestIn: 'requested-in', redeem: 'trusted' },
  discovered: {
    discover: 'discovered',
    requestOut: 'requested-out',
    requestIn: 'requested-in',
    redeem: 'trusted',
    block: 'blocked',
    remove: 'removed',
    markVerified: 'discovered',
    updateCard: 'discovered',
    reborn: 'discovered',
    followRotation: 'discovered',
  },
  'requested-out': {
    requestOut: 'requested-out',
    requestIn: 'trusted',
    redeem: 'trusted',
    accepted: 'trusted',
    confirmed: 'requested-out',
    refused: 'requested-out',
    block: 'blocked',
    setTier: 'requested-out',
    remove: 'removed',
    markVerified: 'requested-out',
    updateCard: 'requested-out',
    reborn: 'requested-out',
    followRotation: 'requested-out',
  },
  'requested-in': {
    requestOut: 'trusted',
    requestIn: 'requested-in',
    redeem: 'trusted',
    approve: 'trusted',
    reject: 'rejected',
    block: 'blocked',
    remove: 'removed',
    markVerified: 'requested-in',
    updateCard: 'requested-in',
    reborn: 'requested-in',
    followRotation: 'requested-in',
  },
  trusted: {
    requestOut: 'trusted',
    requestIn: 'trusted',
    redeem: 'trusted',
    accepted: 'trusted',
    confirmed: 'trusted',
    refused: 'trusted',
    distrusted: 'trusted',
    proved: 'trusted',
    keyChanged: 'changed',
    block: 'blocked',
    setTier: 'trusted',
    remove: 'removed',
    markVerified: 'trusted',
    updateCard: 'trusted',
    reborn: 'trusted',
    followRotation: 'trusted',
  },
  changed: {
    confirmed: 'changed',
    refused: 'changed',
    keyChanged: 'changed',
    approveChange: 'trusted',
    block: 'blocked',
    setTier: 'changed',
    remove: 'removed',
    reborn: 'changed',
    followRotation: 'changed',
  },
  blocked: {
    block: 'blocked',
    unblock: 'trusted',
    setTier: 'trusted',
    remove: 'removed',
    reborn: 'blocked',
    followRotation: 'blocked',
  },
  removed: {
    discover: 'discovered',
    requestOut: 'requested-out',
    requestIn: 'requested-in',
    redeem: 'trusted',
    block: 'blocked',
  },
  rejected: {
    discover: 'discovered',
    requestOut: 'requested-out',
    requestIn: 'requested-in',
    redeem: 'trusted',
    block: 'blocked',
  },
};

function apply(contact: Contact | undefined, event: ContactEvent): Contact {
  return nextContact({ contact, event, now, exchangeLifetimeMs: 500 });
}

function refusal(contact: Contact | undefined, event: ContactEvent): MeshError {
  try {
    apply(contact, event);
  } catch (error) {
    return toMeshError(error);
  }
  return new MeshError('INTERNAL', 'nothing was refused');
}

const starts: readonly ContactStart[] = ['none', ...contactStates];
const pairs = starts.flatMap((state) => eventTypes.map((type) => ({ state, type, leadsTo: expected[state][type] })));
const startOf = (state: ContactStart): Contact | undefined => (state === 'none' ? undefined : contactIn(state, bob));

describe('the table of contacts', () => {
  it.each(pairs.filter(({ leadsTo }) => leadsTo !== undefined))('leads from $state by $type to $leadsTo', (pair) => {
    const next = apply(startOf(pair.state), samples[pair.type]);
    expect(next.state).toBe(pair.leadsTo);
    expect(next.updatedAt).toBe(now);
  });

  it.each(pairs.filter(({ leadsTo }) => leadsTo === undefined))('refuses from $state the event $type', (pair) => {
    const error = refusal(startOf(pair.state), samples[pair.type]);
    expect(error.code).toBe('WRONG_STATE');
    expect(error.message).toContain(pair.state);
    expect(error.data['possible']).toEqual(Object.keys(contactTable[pair.state]));
  });

  it('says what a person can do instead, with the name of the contact', () => {
    const error = refusal(contactIn('blocked', bob, { petname: 'bobby' }), samples.requestOut);
    expect(error.message).toBe('bobby cannot be asked for trust: its state is blocked');
    expect(error.hint).toContain('mesh tier bobby bounded');
  });
});

describe('a contact request of ours', () => {
  it('becomes trust by the acceptance that echoes its nonce, and by no other', () => {
    const asked = apply(undefined, { ...samples.requestOut, tier: 'owner' } as ContactEvent);
    expect(asked.pending).toEqual({ kind: 'request', nonce: 'cc', expiresAt: now + 500 });
    expect(refusal(asked, { type: 'accepted', card: bob.card, nonce: 'cd' }).code).toBe('NOT_TRUSTED');
    const trusted = apply(asked, { type: 'accepted', card: bob.card, nonce: 'cc' });
    expect(trusted).toMatchObject({ state: 'trusted', tier: 'owner', trustedAt: now });
    expect(trusted.pending).toBeUndefined();
  });

  it('keeps its nonce when the other node confirmed it, because the acceptance is still to come', () => {
    const confirmed = apply(contactIn('requested-out', bob), { type: 'confirmed', nonce: 'bb' });
    expect(confirmed.pending).toMatchObject({ nonce: 'bb', deliveredAt: now });
    expect(apply(confirmed, samples.accepted).state).toBe('trusted');
  });

  it('needs a card or an invite', () => {
    expect(refusal(undefined, { type: 'requestOut', who, nonce: 'cc' }).code).toBe('INVALID_ARGUMENT');
    const invite = { id: 'inv_1', secret: new Uint8Array(3) };
    expect(apply(undefined, { type: 'requestOut', who, nonce: 'cc', invite }).pending?.invite).toEqual(invite);
  });

  it('is approved by a request of the one it went to, which gets the acceptance', () => {
    const next = apply(contactIn('requested-out', bob), samples.requestIn);
    expect(next).toMatchObject({ state: 'trusted', pending: { kind: 'accept', nonce: 'dd', expiresAt: now + 500 } });
  });
});

describe('a contact request of a stranger', () => {
  it('waits, keeps its id when it comes again, and is answered with the newest nonce', () => {
    const first = apply(undefined, samples.requestIn);
    expect(first).toMatchObject({ state: 'requested-in', requestId: 'req_2', purpose: 'work', petname: 'bob' });
    const again = apply(first, { type: 'requestIn', who, card: bob.card, requestId: 'req_9', nonce: 'ff' });
    expect(again).toMatchObject({ requestId: 'req_2', requestNonce: 'ff' });
    const approved = apply(again, { type: 'approve', tier: 'notify', petname: 'robert' });
    expect(approved).toMatchObject({
      state: 'trusted',
      tier: 'notify',
      petname: 'robert',
      pending: { kind: 'accept', nonce: 'ff' },
    });
    expect(approved.requestId).toBeUndefined();
  });

  it('leaves nothing when it is rejected', () => {
    const { state, card, purpose, requestNonce, requestId, routes } = apply(contactIn('requested-in', bob), {
      type: 'reject',
    });
    expect({ state, card, purpose, requestNonce, requestId, routes }).toEqual({ state: 'rejected', routes: [] });
  });

  it('cannot be approved with the tier blocked', () => {
    expect(refusal(contactIn('requested-in', bob), { type: 'approve', tier: 'blocked' }).code).toBe('INVALID_ARGUMENT');
  });

  it('of a removed owner does not bring the old tier back', () => {
    const removed = apply(contactIn('trusted', bob, { tier: 'owner' }), { type: 'remove' });
    const approved = apply(apply(removed, samples.requestIn), { type: 'approve' });
    expect(approved.tier).toBe('bounded');
  });
});

describe('cards of contacts', () => {
  it('of another agent are refused in every event that brings one', () => {
    const foreign = bobsNewKey.card;
    for (const type of ['discover', 'requestOut', 'requestIn', 'redeem'] as const) {
      expect(refusal(undefined, { ...samples[type], card: foreign } as ContactEvent).code).toBe('INVALID_ARGUMENT');
    }
    expect(refusal(contactIn('trusted', bob), { type: 'updateCard', card: foreign }).code).toBe('INVALID_ARGUMENT');
    expect(refusal(contactIn('requested-out', bob), { type: 'accepted', card: foreign, nonce: 'bb' }).code).toBe(
      'INVALID_ARGUMENT',
    );
  });

  it('never go back to a lower seq', () => {
    const contact = contactIn('trusted', bob, { card: bob.cardWith({ seq: 5 }) });
    expect(refusal(contact, { type: 'updateCard', card: bob.cardWith({ seq: 4 }) }).code).toBe('CARD_ROLLBACK');
    expect(apply(contact, { type: 'updateCard', card: bob.cardWith({ seq: 6 }) }).card?.seq).toBe(6);
  });
});

describe('a contact that was brought back from a backup', () => {
  const reborn = apply(contactIn('trusted', bob), samples.reborn);

  it('keeps everything and is known by its latest life', () => {
    expect(reborn).toEqual({
      ...contactIn('trusted', bob),
      incarnation: encodeIncarnation(lifeOf(7)),
      updatedAt: now,
    });
  });

  it('never goes back to an earlier life', () => {
    expect(apply(reborn, { type: 'reborn', incarnation: lifeOf(6) }).incarnation).toEqual(reborn.incarnation);
    const later = apply(reborn, { type: 'reborn', incarnation: lifeOf(8) });
    expect(later.incarnation).toEqual(encodeIncarnation(lifeOf(8)));
  });

  it('shows no life of another agent', () => {
    const event = { type: 'reborn', incarnation: lifeOf(9, bobsNewKey.root) } as const;
    expect(refusal(reborn, event).code).toBe('INVALID_ARGUMENT');
  });

  it('has no life when its new key is taken, and keeps it when it follows a rotation', () => {
    const frozen = apply(reborn, samples.keyChanged);
    const taken = apply(frozen, { type: 'approveChange', decision: { keep: 'new-key', nonce: '11' } });
    expect(taken.incarnation).toBeUndefined();
    expect(apply(reborn, samples.followRotation).incarnation).toEqual(reborn.incarnation);
  });
});

describe('a contact with another key', () => {
  const frozen = apply(contactIn('trusted', bob, { verifiedAt: 7 }), samples.keyChanged);

  it('is frozen with both keys at hand', () => {
    expect(frozen).toMatchObject({
      state: 'changed',
      agentId: bob.agentId,
      candidate: { card: bobsNewKey.card, seenAt: now },
    });
  });

  it('is what it was when the pinned key is kept', () => {
    const kept = apply(frozen, samples.approveChange);
    expect(kept).toMatchObject({ state: 'trusted', agentId: bob.agentId, verifiedAt: 7 });
    expect(kept.candidate).toBeUndefined();
  });

  it('asks the new key for contact when the new key is taken', () => {
    const next = apply(frozen, { type: 'approveChange', decision: { keep: 'new-key', nonce: '11' } });
    expect(next).toMatchObject({
      state: 'requested-out',
      agentId: bobsNewKey.agentId,
      card: bobsNewKey.card,
      pending: { kind: 'request', nonce: '11' },
    });
    expect(next.verifiedAt).toBeUndefined();
    expect(next.trustedAt).toBeUndefined();
  });

  it('answers the new key when that had asked already', () => {
    const next = apply(frozen, { type: 'approveChange', decision: { keep: 'new-key', requestNonce: '22' } });
    expect(next).toMatchObject({
      state: 'trusted',
      agentId: bobsNewKey.agentId,
      pending: { kind: 'accept', nonce: '22' },
    });
  });

  it('is not one whose key is the pinned one', () => {
    expect(refusal(contactIn('trusted', bob), { type: 'keyChanged', card: bob.card }).code).toBe('INVALID_ARGUMENT');
  });

  it('is trusted again when a rotation leads to the key that turned up', () => {
    const seen = apply(contactIn('trusted', bob), { type: 'keyChanged', card: bobsNextKey.card });
    const next = apply(seen, { type: 'followRotation', chain: [rotation] });
    expect(next).toMatchObject({ state: 'trusted', agentId: bobsNextKey.agentId, card: bobsNextKey.card });
    expect(next.candidate).toBeUndefined();
  });
});

describe('a rotated key', () => {
  it('moves the contact to the new id, keeps its name and tier, and asks for a new comparison', () => {
    const contact = contactIn('trusted', bob, { tier: 'owner', petname: 'bobby', verifiedAt: 7 });
    const next = apply(contact, samples.followRotation);
    expect(next).toMatchObject({
      agentId: bobsNextKey.agentId,
      card: bobsNextKey.card,
      tier: 'owner',
      petname: 'bobby',
    });
    expect(next.verifiedAt).toBeUndefined();
  });

  it('without a card keeps the addresses of the old one', () => {
    const next = apply(contactIn('trusted', bob), { type: 'followRotation', chain: [rotation] });
    expect(next.card).toBeUndefined();
    expect(next.routes).toEqual(bob.card.endpoints);
  });

  it('of somebody else changes nothing', () => {
    const other = contactIn('trusted', party(7));
    expect(apply(other, samples.followRotation)).toEqual({ ...other, updatedAt: now });
  });

  it('does not get anybody out of being blocked', () => {
    expect(apply(contactIn('blocked', bob), samples.followRotation)).toMatchObject({
      state: 'blocked',
      tier: 'blocked',
    });
  });
});

describe('a blocked contact', () => {
  it('that was a peer is a peer again, and is told so if it may not know', () => {
    const next = apply(contactIn('blocked', bob), { type: 'unblock', tier: 'trusted' });
    expect(next).toMatchObject({ state: 'trusted', tier: 'trusted', pending: { kind: 'accept', nonce: 'aa' } });
  });

  it('that never was a peer becomes only discovered', () => {
    for (const state of ['discovered', 'requested-in', 'requested-out'] as const) {
      const next = apply(apply(contactIn(state, bob), { type: 'block' }), { type: 'setTier', tier: 'owner' });
      expect(next.state).toBe('discovered');
      expect(next.requestNonce).toBeUndefined();
      expect(next.pending).toBeUndefined();
    }
  });

  it('that was frozen is frozen again', () => {
    const next = apply(apply(contactIn('changed', bob), { type: 'block' }), { type: 'unblock' });
    expect(next).toMatchObject({ state: 'changed', candidate: { seenAt: 4 } });
  });

  it('is what the tier blocked makes of any contact', () => {
    expect(apply(contactIn('trusted', bob), { type: 'setTier', tier: 'blocked' })).toMatchObject({
      state: 'blocked',
      tier: 'blocked',
    });
  });

  it('cannot redeem an invite', () => {
    expect(refusal(contactIn('blocked', bob), samples.redeem).code).toBe('WRONG_STATE');
  });
});

describe('an invite', () => {
  it('gives its tier, but not to who is a peer already', () => {
    expect(apply(undefined, samples.redeem)).toMatchObject({
      tier: 'trusted',
      pending: { kind: 'accept', nonce: 'ee' },
    });
    expect(apply(contactIn('trusted', bob, { tier: 'notify' }), samples.redeem).tier).toBe('notify');
  });

  it('of another agent of this node is refused', () => {
    expect(
      refusal(undefined, { type: 'redeem', who, card: bob.card, nonce: 'ee', invite: inviteOf('other') }).code,
    ).toBe('INVITE_INVALID');
  });
});

describe('trust', () => {
  const arbitraryEvent = fc.constantFrom<ContactEvent>(
    ...Object.values(samples),
    { type: 'confirmed', nonce: 'cc' },
    { type: 'refused', of: 'request', nonce: 'cc', code: 'INVITE_USED' },
    { type: 'refused', of: 'accept', nonce: 'dd', code: 'NOT_TRUSTED' },
    { type: 'requestOut', who, card: bob.card, nonce: 'cf' },
    { type: 'accepted', card: bob.card, nonce: 'cc' },
    { type: 'followRotation', chain: [rotation] },
    { type: 'keyChanged', card: bobsNextKey.card },
    { type: 'approveChange', decision: { keep: 'new-key', nonce: '11' } },
    { type: 'setTier', tier: 'blocked' },
    { type: 'setTier', tier: 'owner' },
    { type: 'unblock', tier: 'trusted' },
  );

  /**
   * The only ways in: a person approved (or asked who had asked already), an invite, an acceptance of what we asked for, or a request in
   * answer to it.
   */
  function grants(before: Contact | undefined, event: ContactEvent): boolean {
    const { nonce = '', earlier = [] } = (before?.state === 'requested-out' ? before.pending : undefined) ?? {};
    if (event.type === 'approve' || event.type === 'redeem') return true;
    if (event.type === 'requestOut') return before?.state === 'requested-in';
    if (event.type === 'accepted') return nonce !== '' && [nonce, ...earlier].includes(event.nonce);
    return event.type === 'requestIn' && before?.state === 'requested-out';
  }

  /** What takes it away for good. */
  const revokes = (event: ContactEvent): boolean =>
    event.type === 'remove' || (event.type === 'approveChange' && event.decision.keep === 'new-key');

  it('is never there without an approval, an accepted request of ours, or a valid invite', () => {
    let reached = 0;
    fc.assert(
      fc.property(fc.array(arbitraryEvent, { maxLength: 25 }), (events) => {
        let contact: Contact | undefined;
        let isGranted = false;
        for (const event of events) {
          const before = contact;
          try {
            contact = apply(contact, event);
          } catch (error) {
            expect(['WRONG_STATE', 'NOT_TRUSTED', 'INVALID_ARGUMENT']).toContain(toMeshError(error).code);
            continue;
          }
          isGranted = !revokes(event) && (isGranted || grants(before, event));
          if (contact.state === 'trusted') {
            reached += 1;
            expect(isGranted).toBe(true);
            expect(contact.tier).not.toBe('blocked');
          }
          expect(contact.trustedAt !== undefined).toBe(isGranted);
          expect(contact.candidate !== undefined && contact.state === 'trusted').toBe(false);
        }
      }),
      { numRuns: 400, seed: 7 },
    );
    expect(reached).toBeGreaterThan(100);
  });
});
