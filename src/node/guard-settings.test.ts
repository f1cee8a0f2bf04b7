import { describe, expect, it } from 'vitest';
import { noGuard } from '#pipeline';
import { defaultGuard, guardPolicyOf } from './guard-settings.ts';

describe('the policy of the guard', () => {
  it('is what mesh.toml says, and for the rest the usual one', () => {
    const policy = guardPolicyOf({ inbound: { bounded: 'block' } });
    expect(policy.inbound).toEqual({ ...defaultGuard.inbound, bounded: 'block' });
    expect(policy.outbound).toEqual(defaultGuard.outbound);
  });

  it('lets everything pass in a node that has no such settings', () => {
    expect(guardPolicyOf(undefined)).toBe(noGuard);
    expect(new Set(Object.values(noGuard.inbound))).toEqual(new Set(['off']));
  });
});
