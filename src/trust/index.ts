export {
  afterItsTurn,
  afterUsage,
  type Budget,
  type BudgetLimits,
  claimedBudget,
  countedBack,
  mayStart,
  nothingLeft,
  type ShareRequest,
  shareOf,
  type Usage,
  usedBy,
  withBack,
  without,
} from './budget.ts';
export type { BudgetReader, BudgetWriter, Given } from './budget-store.ts';
export {
  type Contact,
  type ContactState,
  contactStates,
  type PendingExchange,
  type Permissions,
  type Refusal,
  type RequestId,
  type Tier,
  tiers,
} from './contact.ts';
export type { ChangeDecision, ContactEvent, ContactEventType, EventOf, Newcomer } from './contact-event.ts';
export { lifeOf } from './contact-effects.ts';
export { type ContactStep, nextContact } from './contact-machine.ts';
export type { ContactStart } from './contact-table.ts';
export { afterMessages, type InboundRate, waitMsFor } from './inbound-rate.ts';
export { checkInvite, makeInviteRecord, type NewInvite, useInvite, type ValidInvite } from './invite.ts';
export {
  awaitsAnswer,
  blamesClock,
  endsExchange,
  type ExchangeStanding,
  exchangeStanding,
  isOver,
  owesStep,
} from './exchange.ts';
export { choosePetname } from './petname.ts';
export {
  admitFrame,
  admitMessage,
  mayStartTurn,
  maySend,
  type TurnDecision,
  turnBoundOf,
  type TurnQuestion,
} from './policy.ts';
export { admitRequest, type IncomingRequest, type RequestAdmission, type RequestQuestion } from './request-intake.ts';
export { resolveContact, resolveRequest } from './resolve-contact.ts';
export type {
  ContactQuery,
  ContactReader,
  ContactWriter,
  ConversationTurns,
  FullConversation,
  InviteRecord,
} from './store.ts';
