import type { ErrorCode, Limits } from '#kernel';

export type MessageLimits = Pick<
  Limits,
  | 'maxFrameBytes'
  | 'maxMessageBytes'
  | 'maxInlineAttachmentBytes'
  | 'maxAttachments'
  | 'maxSubjectCharacters'
  | 'maxIdempotencyKeyCharacters'
  | 'maxMetadataBytes'
  | 'maxReplyContextBytes'
  | 'maxParticipants'
  | 'maxProvenance'
  | 'maxTtlSeconds'
  | 'maxKeyPackageBytes'
>;

/** By whose limits a message is read, and which code a broken rule gets that has none of its own. */
export interface MessageRules {
  readonly limits: MessageLimits;
  readonly code: ErrorCode;
  /** Of the whole message encoded, when that is known: nothing in it is larger. */
  readonly encodedBytes?: number;
}

/** True when this part of a message, encoded, may be larger than `max`, so that it must be looked at. */
export const mayExceed = (max: number, { encodedBytes }: MessageRules): boolean =>
  encodedBytes === undefined || encodedBytes > max;
