import { describe, expect, it } from 'vitest';
import { codeOf } from '#kernel';
import { party } from '../../test/support/trust-fixtures.ts';
import { checkInvite, makeInviteRecord, useInvite } from './invite.ts';

const bob = party(1).agentId;
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
    expect(checkInvite(record, 1499)).toEqual(record);
    expect(codeThrownBy(() => checkInvite(record, 1500))).toBe('INVITE_EXPIRED');
  });

  it('is not valid when it was not made here', () => {
    expect(codeThrownBy(() => checkInvite(undefined, 1000))).toBe('INVITE_INVALID');
  });

  it('is used once, and says so also when its time is over', () => {
    const used = useInvite(checkInvite(record, 1100), { now: 1100, by: bob });
    expect(used).toMatchObject({ usedAt: 1100, usedBy: bob });
    for (const now of [1200, 9999]) expect(codeThrownBy(() => checkInvite(used, now))).toBe('INVITE_USED');
  });

  it('gives no tier that blocks, and lasts for some time', () => {
    expect(codeThrownBy(() => makeInviteRecord({ ...fields, tier: 'blocked' }))).toBe('INVALID_ARGUMENT');
    for (const lifetimeMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(codeThrownBy(() => makeInviteRecord({ ...fields, lifetimeMs }))).toBe('INVALID_ARGUMENT');
    }
  });
});
