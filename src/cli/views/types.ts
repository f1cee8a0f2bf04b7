import type { Output } from '#api';

export type {
  AgentView,
  AuditEntryView,
  ContactView,
  DeadLetterView,
  InviteView,
  MessageView,
  OutboxView,
  RequestView,
  ReviewView,
  SentView,
  Step,
} from '#api';
export type Status = Output<'status'>;
export type Tracked = Output<'track'>;
export type DeadLetters = Output<'deadLetters'>;
export type DeadLetterWithSteps = Output<'deadLetter'>;
export type Replayed = Output<'replayDead'>;
