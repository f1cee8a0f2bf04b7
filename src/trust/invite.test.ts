import { describe, expect, it } from 'vitest';
import { codeOf } from '#kernel';
import { party } from '../../test/support/trust-fixtures.ts';
import { checkInvite, makeInviteRecord, useInvite } from './invite.ts';

const bob = party(1).agentId;
const eve = party(2).agentId;
const fields = {
  id: 'inv_1',
  agent: 'me',
  sealedSecret: Uint8Array.of(1, 2),
  tier: 'bounded',
  now: 1000,
  lifetimeMs: 500,
} as const;
const record = makeInviteRecord(fields);

const codeThrownBy = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing was thrown';
};

describe('an invite', () => {
  it('is valid until its time is over', () => {
    expect(checkInvite(record, { now: 1499, by: bob })).toEqual(record);
    expect(codeThrownBy(() => checkInvite(record, { now: 1500, by: bob }))).toBe('INVITE_EXPIRED');
  });

  it('is not valid when it was not made here', () => {
    expect(codeThrownBy(() => checkInvite(undefined, { now: 1000, by: bob }))).toBe('INVITE_INVALID');
  });

  it('is used once, except by the one who used it and may not know', () => {
    const used = useInvite(checkInvite(record, { now: 1100, by: bob }), { now: 1100, by: bob });
    expect(used).toMatchObject({ usedAt: 1100, usedBy: bob });
    expect(codeThrownBy(() => checkInvite(used, { now: 1200, by: eve }))).toBe('INVITE_USED');
    const again = useInvite(checkInvite(used, { now: 9999, by: bob }), { now: 9999, by: bob });
    expect(again.usedAt).toBe(1100);
  });

  it('gives no tier that blocks, and lasts for some time', () => {
    expect(codeThrownBy(() => makeInviteRecord({ ...fields, tier: 'blocked' }))).toBe('INVALID_ARGUMENT');
    for (const lifetimeMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(codeThrownBy(() => makeInviteRecord({ ...fields, lifetimeMs }))).toBe('INVALID_ARGUMENT');
    }
  });
});
