export type { FrameOutcome } from '#link';
export type { BlobFile, BlobFiles } from './blob-files.ts';
export type { BreakerState } from './breaker.ts';
export { Courier } from './courier.ts';
export { Deposit, type DepositOptions } from './deposit.ts';
export { type DepositStatus, FileDeposits } from './file-deposits.ts';
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
export type { PeerOutcome } from './frame-line.ts';
export { isDistrust, isPassing, isProof, isUndecided } from './outcome.ts';
export type { CourierChange, CourierOptions, CourierPorts, RouteStatus } from './courier-ports.ts';
export type {
  DeadInboxReader,
  DeadInboxWriter,
  DeadLetterCount,
  DeadLetterQuery,
  DeadOutboxReader,
  DeadOutboxWriter,
  Revived,
} from './dead-letter-store.ts';
export {
  type InboxMessage,
  type LeasedMessage,
  type InboxState,
  inboxStates,
  type NewInboxMessage,
} from './inbox-message.ts';
export {
  type EndWitness,
  type NewOutboxMessage,
  type OutboxMessage,
  type OutboxState,
  outboxStates,
} from './outbox-message.ts';
export { FairTurns, nothingOvertaken, type Overtaken, type PriorityTurns } from './priority-turns.ts';
export { isFull, type QueueSize } from './queue-size.ts';
export type {
  Again,
  Death,
  ReviewEnd,
  InboxQuery,
  InboxReader,
  InboxSender,
  InboxWriter,
  KeyWindow,
  LeaseQuery,
  NewOutboxFrame,
  OfferQuery,
  OutboxFrame,
  OutboxQuery,
  OutboxReader,
  OutboxWriter,
  PeerDepth,
  QueuedReceipt,
  ReceivedFrame,
} from './store.ts';
export { StoredFile } from './stored-file.ts';
export type { WantedFile } from './wanted-file.ts';
export { WayPauses } from './way-pauses.ts';
