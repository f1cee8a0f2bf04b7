import type { ErrorCode } from '#kernel';
import type { AgentId, Card } from '#identity';
import type { MessageType } from '#protocol';

export const contactStates = [
  'discovered',
  'requested-out',
  'requested-in',
  'trusted',
  'changed',
  'blocked',
  'removed',
  'rejected',
] as const;
export type ContactState = (typeof contactStates)[number];

export const tiers = ['blocked', 'notify', 'bounded', 'trusted', 'owner'] as const;
export type Tier = (typeof tiers)[number];
/** What a contact gets when nobody says otherwise. */
export const defaultTier = 'bounded' satisfies Tier;

/** Narrows a tier; what is absent is allowed. */
export interface Permissions {
  readonly messageTypes?: readonly MessageType[];
  readonly maxAttachmentBytes?: number;
}

export type RequestId = `req_${string}`;

/** A signed step of the contact exchange that the peer has not confirmed yet; it is signed anew at every attempt. */
export interface PendingExchange {
  readonly kind: 'request' | 'accept';
  /** Of the request: echoed by the acceptance, so that it answers this request and no other. Hex. */
  readonly nonce: string;
  /** Of requests of ours that went before and were not withdrawn, latest first: who accepts one of them is answered by this too. */
  readonly earlier?: readonly string[];
  /** Sealed invite secret that goes with a request made by `join`. */
  readonly invite?: { readonly id: string; readonly secret: Uint8Array };
  /** From then on nobody is called for it; an acceptance is still handed over when the two meet. */
  readonly expiresAt: number;
  /** Of a request: when the other node confirmed that it has it; the acceptance is still to come. */
  readonly deliveredAt?: number;
}

/** What the other node would not take, and the code it gave. */
export interface Refusal {
  /** A step of the contact exchange; or a message, because we are no peer of it (any more). */
  readonly of: PendingExchange['kind'] | 'message';
  readonly code: ErrorCode;
  readonly at: number;
}

/** Another agent in the trust store of the local agent `agent`. Times in ms since 1970. */
export interface Contact {
  readonly agent: string;
  /** Unique per agent; decides what the contact is called here. */
  readonly petname: string;
  readonly agentId: AgentId;
  readonly state: ContactState;
  readonly tier: Tier;
  readonly permissions: Permissions;
  /** Pinned; absent only for a contact joined by an invite before the acceptance arrived. */
  readonly card?: Card;
  /** Where to reach it when there is no card yet (from an invite or a scan), or beside the card. */
  readonly routes: readonly string[];
  readonly purpose?: string;
  readonly requestId?: RequestId;
  /** Nonce of the request that came in, echoed when it is approved. Hex. */
  readonly requestNonce?: string;
  readonly pending?: PendingExchange;
  /** The latest, until the other node takes something. A step that is not `pending` any more was refused for good. */
  readonly refusal?: Refusal;
  /** The key that turned up instead of the pinned one, waiting for a person (state `changed`). */
  readonly candidate?: { readonly card: Card; readonly seenAt: number };
  /**
   * Since when it is trusted; kept while it is changed or blocked, so that unblocking never makes a stranger a peer.
   */
  readonly trustedAt?: number;
  /** The latest life that it has shown, as `encodeIncarnation` made it; an earlier one gets nothing more (spec 6.9). */
  readonly incarnation?: Uint8Array;
  /** When a person compared the safety number. */
  readonly verifiedAt?: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}
