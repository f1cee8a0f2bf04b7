export { composeAnswer, composeMessage, type Draft } from './compose-message.ts';
export {
  changeContact,
  type ContactTarget,
  type Desk,
  type Followed,
  followRotation,
  petnameFor,
  requestContact,
  unsealAll,
} from './contact-desk.ts';
export {
  endsExchange,
  makeExchangeFrame,
  receiveAccept,
  receiveRequest,
  settleExchange,
} from './contact-exchange.ts';
export type { PipelineEvent } from './event.ts';
export { freshKeyPackage } from './key-packages.ts';
export { type Arrival, Lane, type LaneOptions, type LocalAgent, type PipelinePorts } from './lane.ts';
export { replaceSession } from './lane-session.ts';
export { receiveFrame, refused } from './receive.ts';
export { completeMessages, failMessage, type Handled, leaseMessages, type Turns } from './run-inbox.ts';
export { type Accepted, flushLane, maySendNow, refuseWaiting, sendMessage } from './send.ts';
export type { MeshReader, MeshStore, MeshTransaction } from './store.ts';
