import * as z from 'zod';
import { attachmentView } from './attachment-schemas.ts';
import {
  agentField,
  count,
  jsonObject,
  label,
  messageIdField,
  messageType,
  type OperationSchema,
  pageField,
  time,
} from './base-schemas.ts';

/** What the guard of the node saw in a message; nothing of the message. */
export const guardFinding = z.object({
  rule: z.string(),
  kind: z.enum(['injection', 'secret']),
  severity: z.enum(['low', 'medium', 'high']).describe('low is told and nothing else'),
  where: z.string().describe('subject, body, metadata, name 1, attachment 1, …'),
  at: count.describe('Place in that text'),
  length: count,
  says: z.string().describe('What the rule stands for'),
});

export const guardField = {
  guard: z.array(guardFinding).optional().describe('What the guard of this node saw in it; absent when it saw nothing'),
};

/** Whose text a message may hold, as the node of its sender says. */
export const sourcesField = {
  sources: z
    .array(z.object({ agent: z.string(), message: z.string(), name: z.string().optional().describe('Petname') }))
    .optional()
    .describe('Because of whose messages it was sent, beside the two between whom it goes'),
};

export const review = z.object({
  direction: z.enum(['in', 'out']),
  id: z.string(),
  peer: z.string().describe('Petname, or the id of who is no contact'),
  peerId: z.string(),
  type: messageType,
  since: time,
  expiresAt: time,
  digest: z.string().describe('SHA-256 over what is acted on, in hex (spec 15.4)'),
  guard: z.array(guardFinding),
  subject: z.string().optional(),
  body: z.string(),
  attachments: z.array(attachmentView),
  metadata: jsonObject.optional(),
  ...sourcesField,
});

const decided = z.object({
  id: z.string(),
  direction: z.enum(['in', 'out']),
  digest: z.string(),
  decision: z.enum(['approved', 'denied']),
});
const digest = z
  .string()
  .regex(/^[0-9a-f]{12,64}$/, 'must be at least 12 characters of the digest that mesh review show prints')
  .describe('Of what was looked at: all of it, or at least 12 characters of its beginning');

export const guardSchemas = {
  reviews: {
    summary: 'Messages that wait for the owner because the guard saw something in them, oldest first',
    input: z.strictObject({ ...agentField, ...pageField }),
    output: z.object({ reviews: z.array(review), waiting: z.object({ in: count, out: count }) }),
  },
  review: {
    summary: 'One message that waits for the owner, with its digest',
    input: z.strictObject({ ...agentField, ...messageIdField }),
    output: review,
  },
  approveReview: {
    summary: 'Lets a message go on that waits for the owner: exactly the one that was looked at',
    input: z.strictObject({ ...agentField, id: label, digest }),
    output: decided,
  },
  denyReview: {
    summary: 'Refuses a message that waits for the owner; who sent it hears so',
    input: z.strictObject({ ...agentField, id: label, digest: digest.optional() }),
    output: decided,
  },
} as const satisfies Record<string, OperationSchema>;
