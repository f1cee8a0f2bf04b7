import type { Output } from '#api';

export type {
  AgentView,
  AuditEntryView,
  ContactView,
  InviteView,
  MessageView,
  OutboxView,
  RequestView,
  SentView,
} from '#api';
export type Status = Output<'status'>;
export type Tracked = Output<'track'>;
