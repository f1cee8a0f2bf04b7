export { type Accepted, isRepeated } from './accept-message.ts';
export { beginAnew, type BegunAnew } from './begin-anew.ts';
export { cancelMessage } from './cancel-message.ts';
export { completeMessages, type Handled } from './complete-messages.ts';
export { composeAnswer, composeMessage, type Draft } from './compose-message.ts';
export { conversationWindowMs } from './conversation-rate.ts';
export {
  changeContact,
  type ContactTarget,
  type Desk,
  followRotation,
  petnameFor,
  requestContact,
  startOf,
  takeNewKey,
  tellUnsealed,
  unsealAll,
} from './contact-desk.ts';
export { makeExchangeFrame, receiveAccept, receiveRequest, settleExchange } from './contact-exchange.ts';
export { type Ended, endContact } from './end-contact.ts';
export { endFilesOver } from './files-upkeep.ts';
export { fitAnswer } from './fit-answer.ts';
export type { MessageStep, PipelineEvent, StateEvent } from './event.ts';
export { expireMessages } from './expire-messages.ts';
export { giveUpMessages, reviveMessages } from './give-up.ts';
export type {
  GuardDirection,
  GuardRow,
  GuardVerdict,
  HeldMessage,
  Judged,
  ReviewDecision,
  GuardPlace,
  GuardReader,
  GuardWriter,
  SourceReader,
  SourceWriter,
} from './guard-store.ts';
export { freshKeyPackage } from './key-packages.ts';
export { sendOutside } from './send-outside.ts';
export { tellMailAnswers } from './tell-mail-answers.ts';
export { type Asked, Lane, type LaneOptions, type LocalAgent, type PipelinePorts } from './lane.ts';
export { replaceSession, unsealLeft } from './lane-session.ts';
export { type Cause, causeOf, grantRoot, leftOf, type Share, takeRest, takeShare } from './message-budget.ts';
export { type GuardAction, type GuardedTier, type GuardPolicy, type MessageGuard, noGuard } from './guard-policy.ts';
export { type Source, sourcesIn } from './sources.ts';
export { RecentMessages } from './recent-messages.ts';
export { answerOf, type FrameSource, receiveFrame } from './receive.ts';
export { fileArrived, fileLost, wantedFiles } from './receive-files.ts';
export { approveReview, denyReview, digestOf } from './decide-review.ts';
export { refused } from './refused.ts';
export { type Failed, failMessage, type HeldBack, heldBack, leaseMessages, nextLeaseAt } from './run-inbox.ts';
export { type NotReplayed, type Replayed, replayMessages, type ReplayOutcome } from './replay-messages.ts';
export {
  checkFilesKept,
  endFiles,
  maySendWithFiles,
  type Outgoing,
  refuseFilesOfOldPeer,
  sendWithFiles,
} from './send-files.ts';
export { flushLane, sendMessage } from './send.ts';
export { type Pause, Pauses } from './pauses.ts';
export { type Spending, Spendings } from './spendings.ts';
export type { MeshReader, MeshStore, MeshTransaction } from './store.ts';
export { tellLane } from './tell-steps.ts';
export type { Leased, LentTurns, OfferedMessage, Turns } from './turns.ts';
