import { MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { Tier } from './contact.ts';
import type { InviteRecord } from './store.ts';

declare class Brand {
  readonly #valid: true;
}

/** Made only by `checkInvite`: known here, in time, and not used yet. */
export type ValidInvite = InviteRecord & Brand;

export interface NewInvite {
  readonly id: string;
  readonly agent: string;
  /** As the vault sealed it. */
  readonly sealedSecret: Uint8Array;
  /** What the one who joins becomes. */
  readonly tier: Tier;
  readonly now: number;
  readonly lifetimeMs: number;
}

/** Throws INVALID_ARGUMENT for the tier `blocked` and a lifetime that is not positive. */
export function makeInviteRecord(input: NewInvite): InviteRecord {
  const { id, agent, tier, now, lifetimeMs } = input;
  if (tier === 'blocked') throw new MeshError('INVALID_ARGUMENT', 'An invite cannot give the tier blocked');
  if (!Number.isSafeInteger(lifetimeMs) || lifetimeMs <= 0) {
    throw new MeshError('INVALID_ARGUMENT', `An invite must be valid for some time, not ${lifetimeMs} ms`);
  }
  return { id, agent, secret: input.sealedSecret, tier, createdAt: now, expiresAt: now + lifetimeMs };
}

/**
 * Whether the invite may be redeemed; that its secret was shown is checked by the caller. Throws INVITE_INVALID when
 * there is no such record, INVITE_USED, INVITE_EXPIRED. Whoever used it and missed the answer is a peer by then and
 * needs none; whoever was removed since does not come back by it.
 */
export function checkInvite(record: InviteRecord | undefined, now: number): ValidInvite {
  if (record === undefined) throw new MeshError('INVITE_INVALID', 'No invite with this id was made here');
  if (record.usedAt !== undefined) {
    throw new MeshError('INVITE_USED', `The invite ${record.id} was used at ${new Date(record.usedAt).toISOString()}`);
  }
  if (now >= record.expiresAt) {
    throw new MeshError(
      'INVITE_EXPIRED',
      `The invite ${record.id} expired at ${new Date(record.expiresAt).toISOString()}`,
    );
  }
  return record as ValidInvite;
}

/** The record after `by` redeemed it. */
export function useInvite(
  invite: ValidInvite,
  { now, by }: { readonly now: number; readonly by: AgentId },
): InviteRecord {
  const record: InviteRecord = invite;
  return { ...record, usedAt: now, usedBy: by };
}
