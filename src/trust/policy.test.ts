import { describe, expect, it } from 'vitest';
import { codeOf, defaultLimits } from '#kernel';
import type { Message } from '#protocol';
import { contactIn, messageTo, party } from '../../test/support/trust-fixtures.ts';
import { type Contact, contactStates, type Tier, tiers } from './contact.ts';
import { admitFrame, admitMessage, mayStartTurn, maySend, turnBoundOf } from './policy.ts';

const bob = party(1);
const me = party(2);
const limits = { ...defaultLimits, boundedTurnsPerDay: 3, trustedTurnsPerHour: 5, maxInlineAttachmentBytes: 100 };
const toBob = messageTo(bob.agentId, me.agentId);
const fromBob = messageTo(me.agentId, bob.agentId);
const withFile = (message: Message, ...sizes: readonly number[]): Message => ({
  ...message,
  payload: {
    body: '',
    attachments: sizes.map((size) => ({
      kind: 'inline',
      name: 'f',
      mediaType: 'text/plain',
      bytes: new Uint8Array(size),
    })),
  },
});

const sending = (contact: Contact | undefined, message: Message = toBob): string => {
  try {
    maySend(contact, message, limits);
    return 'allowed';
  } catch (error) {
    return codeOf(error);
  }
};

describe('sending', () => {
  it('is allowed to peers alone, and refused with the reason', () => {
    const answers = Object.fromEntries(contactStates.map((state) => [state, sending(contactIn(state, bob))]));
    expect(answers).toEqual({
      discovered: 'NOT_TRUSTED',
      'requested-out': 'NOT_TRUSTED',
      'requested-in': 'NOT_TRUSTED',
      trusted: 'allowed',
      changed: 'CONTACT_CHANGED',
      blocked: 'CONTACT_BLOCKED',
      removed: 'NOT_TRUSTED',
      rejected: 'NOT_TRUSTED',
    });
    expect(sending(undefined)).toBe('NOT_TRUSTED');
    expect(sending(contactIn('trusted', bob, { tier: 'blocked' }))).toBe('CONTACT_BLOCKED');
  });

  it('names the command that helps', () => {
    expect(() => maySend(contactIn('requested-in', bob, { petname: 'bob' }), toBob, limits)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('mesh approve bob') }),
    );
  });

  it('of a message for somebody else is refused', () => {
    expect(sending(contactIn('trusted', bob), messageTo(party(3).agentId, me.agentId))).toBe('WRONG_RECIPIENT');
  });

  it('counts all attachments together', () => {
    expect(sending(contactIn('trusted', bob), withFile(toBob, 50, 50))).toBe('allowed');
    expect(sending(contactIn('trusted', bob), withFile(toBob, 50, 51))).toBe('ATTACHMENT_TOO_LARGE');
  });
});

describe('a frame', () => {
  it('is let in from peers alone; unknown and blocked agents get the same answer', () => {
    const answers = Object.fromEntries(contactStates.map((state) => [state, admitFrame(contactIn(state, bob))]));
    expect(answers).toEqual({
      discovered: 'NOT_TRUSTED',
      'requested-out': 'NOT_TRUSTED',
      'requested-in': 'NOT_TRUSTED',
      trusted: undefined,
      changed: 'CONTACT_CHANGED',
      blocked: 'NOT_TRUSTED',
      removed: 'NOT_TRUSTED',
      rejected: 'NOT_TRUSTED',
    });
    expect(admitFrame(undefined)).toBe('NOT_TRUSTED');
    expect(admitFrame(contactIn('trusted', bob, { tier: 'blocked' }))).toBe('NOT_TRUSTED');
  });
});

describe('a message that came in', () => {
  const peer = contactIn('trusted', bob);

  it('is let in from a peer without permissions of its own', () => {
    expect(admitMessage(peer, fromBob, limits)).toBeUndefined();
    expect(admitMessage(contactIn('blocked', bob), fromBob, limits)).toBe('NOT_TRUSTED');
  });

  it('must be of a type that the permissions name', () => {
    const narrow = { ...peer, permissions: { messageTypes: ['notification'] } } as const;
    expect(admitMessage(narrow, fromBob, limits)).toBe('NOT_PERMITTED');
    expect(admitMessage(narrow, { ...fromBob, type: 'notification' }, limits)).toBeUndefined();
  });

  it('may carry attachments up to the permission and the limit, whichever is less', () => {
    const narrow = { ...peer, permissions: { maxAttachmentBytes: 10 } };
    expect(admitMessage(narrow, withFile(fromBob, 10), limits)).toBeUndefined();
    expect(admitMessage(narrow, withFile(fromBob, 6, 5), limits)).toBe('ATTACHMENT_TOO_LARGE');
    expect(admitMessage(peer, withFile(fromBob, 101), limits)).toBe('ATTACHMENT_TOO_LARGE');
    const wide = { ...peer, permissions: { maxAttachmentBytes: 1000 } };
    expect(admitMessage(wide, withFile(fromBob, 101), limits)).toBe('ATTACHMENT_TOO_LARGE');
  });

  it('may point to a file of any size, because nothing fetches it', () => {
    const url = { kind: 'url', name: 'f', url: 'https://files.example/f' } as const;
    const message: Message = { ...fromBob, payload: { body: '', attachments: [url] } };
    expect(admitMessage({ ...peer, permissions: { maxAttachmentBytes: 0 } }, message, limits)).toBeUndefined();
  });
});

describe('a turn of the agent', () => {
  const ask = (tier: Tier, turnsStarted: number) =>
    mayStartTurn({ contact: contactIn('trusted', bob, { tier }), turnsStarted, limits });

  it('is started by tier', () => {
    expect(Object.fromEntries(tiers.map((tier) => [tier, ask(tier, 0)]))).toEqual({
      blocked: { allowed: false, code: 'NOT_TRUSTED' },
      notify: { allowed: false, code: 'NOT_PERMITTED' },
      bounded: { allowed: true, turnsLeft: 3 },
      trusted: { allowed: true, turnsLeft: 5 },
      owner: { allowed: true, turnsLeft: Number.POSITIVE_INFINITY },
    });
  });

  it('is bounded a day for the tier bounded, an hour for trusted, and not for the owner', () => {
    expect(ask('bounded', 2)).toEqual({ allowed: true, turnsLeft: 1 });
    expect(ask('bounded', 3)).toEqual({ allowed: false, code: 'TURN_LIMIT' });
    expect(ask('trusted', 4)).toEqual({ allowed: true, turnsLeft: 1 });
    expect(ask('trusted', 5)).toEqual({ allowed: false, code: 'TURN_LIMIT' });
    expect(ask('owner', 1_000_000)).toMatchObject({ allowed: true });
    expect(turnBoundOf('bounded', limits).windowMs).toBe(24 * turnBoundOf('trusted', limits).windowMs);
  });

  it('is not started for who is no peer any more', () => {
    const decide = (state: (typeof contactStates)[number]) =>
      mayStartTurn({ contact: contactIn(state, bob, { tier: 'owner' }), turnsStarted: 0, limits });
    expect(decide('changed')).toEqual({ allowed: false, code: 'CONTACT_CHANGED' });
    expect(decide('blocked')).toEqual({ allowed: false, code: 'NOT_TRUSTED' });
    expect(decide('requested-in')).toEqual({ allowed: false, code: 'NOT_TRUSTED' });
  });
});
