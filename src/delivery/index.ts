export type { FrameOutcome } from '#link';
export type { BlobFile, BlobFiles } from './blob-files.ts';
export type { BreakerState } from './breaker.ts';
export { Courier } from './courier.ts';
export type { WantedFile } from './file-fetch.ts';
export { FileFetcher } from './file-fetcher.ts';
export { FileSealer, type SealedFile } from './file-sealer.ts';
export { FileServer } from './file-server.ts';
export type {
  FileDirection,
  FileOwner,
  FileQuery,
  FileReader,
  FileRow,
  FileState,
  FileWriter,
  NewFile,
} from './file-store.ts';
export { isDistrust, isProof } from './outcome.ts';
export type { CourierChange, CourierOptions, CourierPorts, RouteStatus } from './courier-ports.ts';
export {
  type InboxMessage,
  type InboxQuery,
  type InboxReader,
  type InboxSender,
  type InboxState,
  type InboxWriter,
  inboxStates,
  type LeaseQuery,
  type NewInboxMessage,
  type NewOutboxFrame,
  type NewOutboxMessage,
  type OfferQuery,
  type OutboxFrame,
  type OutboxMessage,
  type OutboxQuery,
  type OutboxReader,
  type OutboxState,
  type OutboxWriter,
  outboxStates,
  type PeerDepth,
  type QueuedReceipt,
  type ReceivedFrame,
} from './store.ts';
export { StoredFile } from './stored-file.ts';
