export type { FrameOutcome } from '#link';
export type { BreakerState } from './breaker.ts';
export { Courier } from './courier.ts';
export { isDistrust, isProof } from './outcome.ts';
export type { CourierChange, CourierOptions, CourierPorts, RouteStatus } from './courier-ports.ts';
export {
  type InboxMessage,
  type InboxQuery,
  type InboxReader,
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
