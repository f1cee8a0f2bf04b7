import type { ErrorCode } from '#kernel';
import type { AgentId, VerifiedCard, VerifiedIncarnation, VerifiedRotation } from '#identity';
import type { PendingExchange, Permissions, RequestId, Tier } from './contact.ts';
import type { ValidInvite } from './invite.ts';

/** What a contact begins with; ignored when there is one already, but for the petname that a person chose in `requestOut`. */
export interface Newcomer {
  readonly agent: string;
  readonly agentId: AgentId;
  /** Unique per agent: from `choosePetname`. */
  readonly petname: string;
}

interface Begins {
  readonly who: Newcomer;
  /** Where it was met, beside the endpoints of its card. */
  readonly routes?: readonly string[];
}

interface RequestedOut extends Begins {
  readonly type: 'requestOut';
  /** Hex; the acceptance must echo it. */
  readonly nonce: string;
  /** Absent only with an invite. */
  readonly card?: VerifiedCard;
  readonly invite?: PendingExchange['invite'];
  readonly purpose?: string;
  /** What the contact gets once it accepts; `bounded` when absent. */
  readonly tier?: Tier;
}

interface RequestedIn extends Begins {
  readonly type: 'requestIn';
  readonly card: VerifiedCard;
  /** Made here (`ids.next('req')`), never taken from the wire. A request that waits already keeps its own. */
  readonly requestId: RequestId;
  readonly nonce: string;
  readonly purpose?: string;
}

interface Redeemed extends Begins {
  readonly type: 'redeem';
  readonly card: VerifiedCard;
  readonly nonce: string;
  readonly invite: ValidInvite;
}

/**
 * A person decided about the key that turned up: keep the pinned one, or take the new one and ask it, or answer what it
 * asked.
 */
export type ChangeDecision =
  | { readonly keep: 'old-key' }
  | { readonly keep: 'new-key'; readonly nonce: string }
  | { readonly keep: 'new-key'; readonly requestNonce: string };

/**
 * What can happen to a contact (PROTOCOL §3). Cards are verified, against the pinned one where there is one, before
 * they get here.
 */
export type ContactEvent =
  | (Begins & { readonly type: 'discover'; readonly card: VerifiedCard })
  | RequestedOut
  | RequestedIn
  | Redeemed
  | { readonly type: 'approve'; readonly tier?: Tier; readonly petname?: string }
  | { readonly type: 'reject' }
  /** A signed acceptance came in; `nonce` is the one it echoes. */
  | { readonly type: 'accepted'; readonly card: VerifiedCard; readonly nonce: string }
  /** The other node has our request or acceptance with this nonce. */
  | { readonly type: 'confirmed'; readonly nonce: string }
  /** The other node did not take our request or acceptance with this nonce. */
  | {
      readonly type: 'refused';
      readonly of: PendingExchange['kind'];
      readonly nonce: string;
      readonly code: ErrorCode;
    }
  /** The other node refused a message because we are no peer of it. */
  | { readonly type: 'distrusted'; readonly code: ErrorCode }
  /** The other node opened what we sealed for it, which it does for peers only. */
  | { readonly type: 'proved' }
  /** Another key, without a rotation statement, where the pinned one is expected. */
  | { readonly type: 'keyChanged'; readonly card: VerifiedCard }
  | { readonly type: 'approveChange'; readonly decision: ChangeDecision }
  | { readonly type: 'block' }
  | { readonly type: 'unblock'; readonly tier?: Tier }
  /** `blocked` blocks, any other tier unblocks what is blocked. */
  | { readonly type: 'setTier'; readonly tier: Tier; readonly permissions?: Permissions }
  | { readonly type: 'remove' }
  | { readonly type: 'markVerified' }
  | { readonly type: 'updateCard'; readonly card: VerifiedCard }
  /** It was brought back from a backup; what is not later than the life that is known changes nothing. */
  | { readonly type: 'reborn'; readonly incarnation: VerifiedIncarnation }
  | { readonly type: 'followRotation'; readonly chain: readonly VerifiedRotation[]; readonly card?: VerifiedCard };

export type ContactEventType = ContactEvent['type'];
export type EventOf<T extends ContactEventType> = Extract<ContactEvent, { readonly type: T }>;
