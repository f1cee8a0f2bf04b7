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
}
