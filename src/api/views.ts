import type * as z from 'zod';
import type { agentView, cardJson, lanScanEvent, scanEvent } from './agent-schemas.ts';
import type { turnEvent } from './attach-schemas.ts';
import type * as base from './base-schemas.ts';
import type { contactView } from './contact-schemas.ts';
import type { deadLetter } from './dead-schemas.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { meshEvent, missedEvent } from './event-schemas.ts';
import type { fileView } from './file-schemas.ts';
import type { review } from './guard-schemas.ts';
import type { messageView, outboxView, sent, step } from './message-schemas.ts';
import type { auditEntry, warning } from './node-schemas.ts';
import type { inviteView, requestView } from './request-schemas.ts';

/** What the API shows. Times in ms since 1970. */
type View<S extends z.ZodType> = DeepReadonly<z.infer<S>>;

export type AgentView = View<typeof agentView>;
export type CardJson = View<typeof cardJson>;
export type ContactView = View<typeof contactView>;
export type RequestView = View<typeof requestView>;
export type InviteView = View<typeof inviteView>;
export type FileView = View<typeof fileView>;
export type MessageView = View<typeof messageView>;
export type OutboxView = View<typeof outboxView>;
export type SentView = View<typeof sent>;
export type ReviewView = View<typeof review>;
export type Step = View<typeof step>;
export type DeadLetterView = View<typeof deadLetter>;
/** What a program hears that takes the messages of an agent. */
export type TurnEvent = View<typeof turnEvent>;
export type ScanEvent = View<typeof scanEvent>;
export type LanScanEvent = View<typeof lanScanEvent>;
export type AuditEntryView = View<typeof auditEntry>;
export type WarningView = View<typeof warning>;
/** What happens at the node. */
export type MeshEvent = View<typeof meshEvent>;
/** In place of events that are no longer kept. */
export type MissedEvent = View<typeof missedEvent>;

export type ContactState = z.infer<typeof base.contactState>;
export type Tier = z.infer<typeof base.tier>;
export type OutboxState = z.infer<typeof base.outboxState>;
export type InboxState = z.infer<typeof base.inboxState>;
