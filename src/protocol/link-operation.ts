import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { FrameId } from './frame.ts';
import type { HubOperation } from './hub-operation.ts';

/** First thing on a link from either side. */
export interface LinkHello {
  readonly op: 'hello';
  readonly versions: readonly number[];
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  /** Whom the dialler wants; absent in the hello of the listener. */
  readonly to?: AgentId;
}

/** Proof of who is there: signatures of the ids over both hellos (`authTranscript`), one for each id. */
export interface LinkAuth {
  readonly op: 'auth';
  readonly agentIds: readonly AgentId[];
  readonly signatures: readonly Uint8Array[];
  /** Encoded rotation statements, oldest first. */
  readonly rotations: readonly Uint8Array[];
  /** The encoded statement of the life that speaks; absent for an agent that was never brought back. */
  readonly incarnation?: Uint8Array;
}

export interface BlobGet {
  readonly op: 'blob.get';
  readonly n: number;
  readonly blob: Uint8Array;
  readonly offset: number;
  readonly bytes: number;
  readonly have: number;
}

/**
 * Everything that is said over a link, one CBOR map each (spec §6.5). `n` is chosen by who asks and comes back in the
 * answer, so that answers are matched to questions; an `error` with `n` answers that question.
 */
export type LinkOperation =
  | LinkHello
  | LinkAuth
  | HubOperation
  /** As `encodeFrame` made it. */
  | { readonly op: 'frame'; readonly frame: Uint8Array }
  /** `code` and `retryAfterMs`: no more messages before that time, and why (spec §6.10); both or none. */
  | { readonly op: 'delivered'; readonly frameId: FrameId; readonly code?: ErrorCode; readonly retryAfterMs?: number }
  /** `receipt` is signed by the hub that holds the frame. */
  | { readonly op: 'stored'; readonly frameId: FrameId; readonly receipt: Uint8Array }
  /** `retryAfterMs`: nothing is taken before that time, and then this frame first (spec §6.10). */
  | { readonly op: 'refused'; readonly frameId: FrameId; readonly code: ErrorCode; readonly retryAfterMs?: number }
  /** The receiver grants so many frames and bytes more. */
  | { readonly op: 'credit'; readonly frames: number; readonly bytes: number }
  | { readonly op: 'card.get'; readonly n: number; readonly agent: AgentId }
  | { readonly op: 'card'; readonly n: number; readonly agent: AgentId; readonly card: Uint8Array }
  | { readonly op: 'keypackage.take'; readonly n: number; readonly agent: AgentId }
  | { readonly op: 'keypackage'; readonly n: number; readonly agent: AgentId; readonly bytes: Uint8Array }
  /**
   * Of a blob, `bytes` bytes from `offset` on. `have` is how many of its chunks the asker has for good: progress for the
   * other side to show.
   */
  | BlobGet
  /** The next of the bytes asked for; as many of these as it takes. */
  | { readonly op: 'blob'; readonly n: number; readonly bytes: Uint8Array }
  | { readonly op: 'ping'; readonly n: number }
  /** `at` is the time of the side that answers (ms since 1970). */
  | { readonly op: 'pong'; readonly n: number; readonly at?: number }
  | {
      readonly op: 'error';
      readonly n?: number;
      readonly code: ErrorCode;
      readonly hint?: string;
      readonly retryAfterMs?: number;
      /** With SUPERSEDED: the encoded incarnation that takes the place of the one it is said to. */
      readonly proof?: Uint8Array;
    };

export type LinkOperationName = LinkOperation['op'];
export type LinkOperationOf<K extends LinkOperationName> = Extract<LinkOperation, { readonly op: K }>;
