export { type AuthTranscript, authTranscript } from './auth-transcript.ts';
export type { Batch } from './batch.ts';
export { type BatchLimits, decodeBatch, encodeBatch, maxBatchPlaintextBytes } from './batch-codec.ts';
export {
  BlobIdMaker,
  ChunkIdMaker,
  type ChunkKey,
  chunkIdOf,
  chunkKeyOf,
  isChunk,
  openChunk,
  type SealedChunk,
  sealChunk,
} from './blob-cipher.ts';
export { BlobPiece } from './blob-piece.ts';
export { blobKeyBytes, type BlobShape, blobShape, bytesInChunks, chunkPlace, chunkTagBytes } from './blob-shape.ts';
export { checkInviteMac } from './check-invite-mac.ts';
export {
  type ContactAccept,
  decodeContactAccept,
  encodeContactAccept,
  type NewContactAccept,
  signContactAccept,
  type VerifiedContactAccept,
  verifyContactAccept,
} from './contact-accept.ts';
export {
  type ContactRequest,
  decodeContactRequest,
  encodeContactRequest,
  type NewContactRequest,
  parsePurpose,
  signContactRequest,
  type VerifiedContactRequest,
  verifyContactRequest,
} from './contact-request.ts';
export type { ContactCheck, ContactLimits } from './contact-statement.ts';
export {
  type Admission,
  admissions,
  type DiscoveryDocument,
  discoveryPath,
  type HubFacts,
  parseDiscovery,
  type UnverifiedDiscovery,
} from './discovery.ts';
export {
  type FrameAnswers,
  type MailAnswer,
  signFrameAnswers,
  type VerifiedFrameAnswers,
  verifyFrameAnswers,
} from './frame-answers.ts';
export { encodeLanText, type LanText, lanServiceType, parseLanText } from './lan-text.ts';
export { type Frame, type FrameId, type FrameKind, frameKinds, isInLine } from './frame.ts';
export { decodeFrame, encodeFrame, type FrameLimits } from './frame-codec.ts';
export { decodeRotationNotice, encodeRotationNotice } from './rotation-notice.ts';
export { relayCapability, relayCapabilityId, relaysIn } from './relay-capability.ts';
export { formatHubAddress, type HubAddress, parseHubAddress } from './hub-address.ts';
export { inviteSecretBytes } from './hub-operation-codec.ts';
export { decodeHubInvite, encodeHubInvite, type HubInvite } from './hub-invite.ts';
export { isJson } from './json-value.ts';
export type { HubAnswer, HubQuestion, MailboxAck, MailboxItem, RoomEntry, RoomRoster } from './hub-operation.ts';
export { type HubReceipt, type HubReceiptCheck, signHubReceipt, verifyHubReceipt } from './hub-receipt.ts';
export { decodeInvite, encodeInvite, type Invite, type InviteId } from './invite.ts';
export type {
  BlobGet,
  LinkAuth,
  LinkHello,
  LinkOperation,
  LinkOperationName,
  LinkOperationOf,
} from './link-operation.ts';
export { decodeLinkOperation, encodeLinkOperation, isHubOperation } from './link-operation-codec.ts';
export { blobVersion, hubVersion, negotiateVersion, supportedVersions } from './link-version.ts';
export {
  type Attachment,
  type BlobAttachment,
  type ConversationId,
  type InlineAttachment,
  type Json,
  type JsonObject,
  type Message,
  type MessageId,
  type MessageType,
  messageTypes,
  type Payload,
  type Priority,
  priorities,
  type UrlAttachment,
} from './message.ts';
export { checkMessage, decodeMessage, encodeMessage, maxEncodedMessageBytes } from './message-codec.ts';
export {
  type AttachmentJson,
  type BlobAttachmentJson,
  fromMessageJson,
  type InlineAttachmentJson,
  type MessageJson,
  type PayloadJson,
  toMessageJson,
} from './message-json.ts';
export type { MessageLimits } from './message-rules.ts';
export type { Receipt } from './receipt.ts';
export { decodeReceipt, encodeReceipt, type ReceiptLimits } from './receipt-codec.ts';
