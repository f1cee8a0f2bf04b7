import * as z from 'zod';
import { attachmentView } from './attachment-schemas.ts';
import { guardField, sourcesField } from './guard-schemas.ts';
import { pauseView } from './pause-schemas.ts';
import {
  afterSeqField,
  agentField,
  count,
  inboxState,
  json,
  jsonObject,
  label,
  messageIdField,
  messageType,
  type OperationSchema,
  outboxState,
  pageField,
  peerField,
  priority,
  time,
} from './base-schemas.ts';

export const budgetView = z
  .object({ turns: count, hops: count, tokens: count.optional(), costUsd: z.number().optional() })
  .describe('What may happen because of the message');

const content = {
  peer: z.string().describe('Petname, or the id of who is no contact'),
  peerId: z.string(),
  type: messageType,
  priority,
  subject: z.string().optional(),
  body: z.string(),
  attachments: z.array(attachmentView),
  metadata: jsonObject.optional(),
  conversationId: z.string(),
  correlationId: z.string().optional(),
  budget: budgetView.optional().describe('What may happen because of it, itself included'),
  ...guardField,
  ...sourcesField,
};

export const messageView = z.object({
  id: z.string(),
  direction: z.literal('in'),
  ...content,
  parentMessageId: z.string().optional(),
  timestamp: time.describe('When the sender made it, by its clock'),
  receivedAt: time,
  expiresAt: time,
  state: inboxState,
  attempts: count,
  error: z.string().optional().describe('What the program that handles messages said last'),
  seenAt: time.optional(),
  readAt: time.optional(),
  answerId: z.string().optional(),
  left: budgetView.optional().describe('What of it may still be given away to messages that it causes'),
});

export const outboxView = z.object({
  id: z.string(),
  direction: z.literal('out'),
  ...content,
  createdAt: time,
  expiresAt: time,
  state: outboxState,
  reason: z.string().optional().describe('Error code'),
  answerId: z.string().optional(),
  route: z.string().optional(),
  attempts: count,
  sealedAt: time.optional().describe('From then on it may have left; before, it can be cancelled'),
  restoredAt: time.optional().describe('It is from a backup: it may have left after that'),
  replyContext: json.optional().describe('What this agent gave with it, which comes back with the answer'),
  replayOf: z.string().optional().describe('The message that it says again'),
  replayedBy: z.string().optional().describe('The message that says it again'),
});

export const step = z.object({
  at: time,
  state: z.string().describe('The step: what happened'),
  by: z.enum(['this node', 'peer', 'hub']).describe('Who said so'),
  proof: z
    .enum(['local', 'receipt', 'link'])
    .describe('A fact of this node; a receipt of the peer, verified in the session; or what its node said on the link'),
  route: z.string().optional(),
  attempt: count.optional(),
  note: z.string().optional(),
});

const fileField = {
  attachments: z
    .array(z.strictObject({ name: z.string(), mediaType: z.string(), base64: z.string() }))
    .optional()
    .describe('Together at most 64 KB'),
  files: z
    .array(
      z.strictObject({
        name: z.string(),
        mediaType: z.string(),
        upload: z.string().optional().describe('What `upload` gave; it can be sent once'),
        size: count.optional().describe('Instead of it, for a dry run'),
      }),
    )
    .optional()
    .describe('Files of any size, beside the message'),
};
const textFields = { text: z.string(), subject: z.string().optional(), metadata: jsonObject.optional(), ...fileField };

const root = z.literal(true).optional().describe('A person says it: it has a budget of its own');

const outgoing = {
  ...agentField,
  to: label.describe('Contact: petname, id or unambiguous beginning of an id'),
  ...textFields,
  priority: priority.optional(),
  ttlSeconds: z.int().min(1).optional(),
  idempotencyKey: z.string().optional(),
  replyTo: label.optional().describe('Message of the inbox that this one follows'),
  replyContext: json.optional().describe('Comes back untouched with the answer'),
  causedBy: label.optional().describe('Message of the inbox because of which it is sent: its budget is taken from'),
  turns: z.int().min(0).max(1_000_000).optional().describe('How many turns of programs it may cause, its own included'),
  hops: z.int().min(0).max(1000).optional().describe('How long a chain of messages it may cause, itself included'),
  tokens: count.optional().describe('How many tokens the turns may use together'),
  costUsd: z.number().min(0).optional().describe('What they may cost together, in US dollars'),
  root,
};

export const sent = z.object({
  id: z.string(),
  conversationId: z.string(),
  state: outboxState,
  duplicate: z.boolean().describe('The idempotency key was used before: this is the first message'),
  peer: z.string(),
  peerId: z.string(),
  createdAt: time,
  expiresAt: time,
  bytes: count,
  wouldSend: z.custom<object>().optional().describe('The message as JSON (dry run)'),
});

export const messageSchemas = {
  send: {
    summary: 'Sends a message; it is accepted once it is stored',
    input: z.strictObject({ ...outgoing, type: messageType.optional(), dryRun: z.boolean().optional() }),
    output: sent,
  },
  ask: {
    summary: 'Sends a request and waits for its answer',
    input: z.strictObject({ ...outgoing, timeoutMs: z.int().min(1).max(86_400_000) }),
    output: z.object({ request: z.string(), answer: messageView, elapsedMs: z.number().min(0) }),
  },
  inbox: {
    summary: 'Messages that came in: newest first, or oldest first with afterSeq',
    input: z.strictObject({
      ...agentField,
      unread: z.boolean().optional(),
      ...peerField,
      ...pageField,
      ...afterSeqField,
    }),
    output: z.object({
      messages: z.array(messageView),
      lastSeq: count,
      paused: pauseView.optional().describe('Why no program takes them now'),
    }),
  },
  message: {
    summary: 'One message that came in; it stays unread',
    input: z.strictObject({ ...agentField, ...messageIdField }),
    output: messageView,
  },
  read: {
    summary: 'Marks the message as read, which its sender sees',
    input: z.strictObject({ ...agentField, ...messageIdField }),
    output: messageView,
  },
  attachment: {
    summary: 'The content of an attachment',
    input: z.strictObject({ ...agentField, ...messageIdField, index: count }),
    output: z.object({ name: z.string(), mediaType: z.string(), base64: z.string() }),
  },
  reply: {
    summary: 'Answers a message',
    input: z.strictObject({ ...agentField, ...messageIdField, ...textFields, root }),
    output: sent,
  },
  outbox: {
    summary: 'Messages that were sent, newest first',
    input: z.strictObject({ ...agentField, ...peerField, state: outboxState.optional(), ...pageField }),
    output: z.object({ messages: z.array(outboxView) }),
  },
  track: {
    summary: 'What became of a message, step by step',
    input: z.strictObject({ ...agentField, ...messageIdField }),
    output: z.object({
      ...outboxView.shape,
      steps: z.array(step),
      waits: z
        .object({ code: z.string(), message: z.string(), until: time.optional() })
        .optional()
        .describe('Why it does not go on now'),
    }),
  },
  cancel: {
    summary: 'Takes a message back that is not encrypted yet',
    input: z.strictObject({ ...agentField, ...messageIdField }),
    output: outboxView,
  },
} as const satisfies Record<string, OperationSchema>;
