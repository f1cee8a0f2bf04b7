import type { Tier } from '#trust';

export const guardActions = ['off', 'label', 'review', 'block'] as const;
export type GuardAction = (typeof guardActions)[number];
export type GuardedTier = Exclude<Tier, 'blocked'>;

/** What is done about a message in which something is seen, by the tier of the contact. */
export interface GuardPolicy {
  readonly inbound: Readonly<Record<GuardedTier, GuardAction>>;
  readonly outbound: Readonly<Record<GuardedTier, GuardAction>>;
}

export interface MessageGuard {
  readonly policy: GuardPolicy;
  /** Secrets of this node that must not leave in a message, as they are now. */
  secrets(): readonly string[];
}

const nothing: GuardPolicy['inbound'] = { notify: 'off', bounded: 'off', trusted: 'off', owner: 'off' };
export const noGuard: GuardPolicy = { inbound: nothing, outbound: nothing };
