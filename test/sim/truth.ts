import type { ErrorCode } from '#kernel';
import type { FrameId, MessageId, Receipt } from '#protocol';
import type { Fact } from './disk.ts';

/** What a transaction of a node did, as the simulator saw it. */
export type Deed =
  | { readonly kind: 'said'; readonly id: MessageId; readonly n: number }
  | {
      readonly kind: 'sealed';
      readonly frame: FrameId;
      readonly frameKind: string;
      readonly group: string;
      readonly ids: readonly MessageId[];
    }
  | { readonly kind: 'unsealed'; readonly group: string }
  | {
      readonly kind: 'frame refused';
      readonly frame: FrameId;
      readonly code: ErrorCode;
      readonly ids: readonly MessageId[];
    }
  | { readonly kind: 'given up'; readonly code: ErrorCode; readonly ids: readonly MessageId[] }
  | { readonly kind: 'expired'; readonly ids: readonly MessageId[] }
  | { readonly kind: 'opened'; readonly frame: FrameId; readonly refused: ErrorCode | undefined }
  | { readonly kind: 'taken'; readonly id: MessageId }
  | { readonly kind: 'leased'; readonly ids: readonly MessageId[] }
  | { readonly kind: 'looked at'; readonly ids: readonly MessageId[] }
  | { readonly kind: 'handled'; readonly id: MessageId; readonly answerId: MessageId | undefined }
  | { readonly kind: 'buried'; readonly id: MessageId; readonly reason: ErrorCode }
  | { readonly kind: 'owed'; readonly receipt: Receipt };

export type TrueFact = Fact & { readonly node: string; readonly deed: Deed; readonly at: number };

/** It is so, or it was so durably: whoever was told is not deceived by what a restored backup forgets. */
export const wasTrue = (fact: TrueFact): boolean => fact.isDurable || !fact.isUndone;
/** It is so in the database as it is now. */
export const isTrue = (fact: TrueFact): boolean => !fact.isUndone;
