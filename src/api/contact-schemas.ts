import * as z from 'zod';
import {
  agentField,
  breakerState,
  contactField,
  contactState,
  count,
  messageType,
  type OperationSchema,
  tier,
  time,
} from './base-schemas.ts';

const permissions = z.object({ messageTypes: z.array(messageType).optional(), maxAttachmentBytes: count.optional() });

/** Where a request or an acceptance stands, and what the other node said against it. */
export const exchangeFields = {
  exchange: z
    .object({
      step: z.enum(['request', 'accept']),
      state: z
        .enum(['under-way', 'delivered', 'refused', 'expired'])
        .describe(
          'under-way: not there yet; delivered: waits for its owner; refused: for good; expired: no more calls',
        ),
      until: time.optional().describe('When its time is or was over'),
      atHub: z.literal(true).optional().describe('It lies in a mailbox of the contact'),
      byInvite: z.boolean().optional().describe('Of a request: no person has to decide'),
    })
    .optional()
    .describe('The step of the contact exchange that this side took and that is still open'),
  refusal: z
    .object({
      of: z.enum(['request', 'accept', 'message']),
      code: z.string(),
      message: z.string(),
      hint: z.string(),
      at: time,
    })
    .optional()
    .describe('What the other node would not take, until it takes something'),
};

export const contactView = z.object({
  petname: z.string(),
  agentId: z.string(),
  name: z.string().optional(),
  displayName: z.string().optional(),
  state: contactState,
  tier,
  fingerprint: z.string(),
  safetyNumber: z.string().describe('12 groups of 5 digits, the same on both sides'),
  verifiedAt: time.optional(),
  endpoints: z.array(z.string()),
  permissions,
  purpose: z.string().optional(),
  requestId: z.string().optional(),
  createdAt: time,
  updatedAt: time,
  candidate: z
    .object({ agentId: z.string(), fingerprint: z.string(), seenAt: time })
    .optional()
    .describe('The other key that turned up, in state changed'),
  link: z.enum(['up', 'down']),
  route: z.string().optional(),
  latencyMs: z.number().min(0).optional(),
  clockOffsetMs: z.number().optional().describe('How far its clock is ahead of that of this machine'),
  lastHeardAt: time.optional(),
  breaker: breakerState,
  retryAt: time.optional(),
  lastError: z.object({ code: z.string(), message: z.string().optional(), at: time }).optional(),
  held: z
    .object({ code: z.string(), until: time })
    .optional()
    .describe('The peer is there and takes nothing before that time'),
  waiting: count.describe('Messages that are not sealed yet'),
  inFlight: count.describe('Sealed frames that the peer has not acknowledged'),
  ...exchangeFields,
  restored: z
    .object({ at: time, asOf: time })
    .optional()
    .describe('It was brought back from a backup: when, and up to when it knows what happened'),
  session: z
    .object({
      groupId: z.string(),
      epoch: count.optional().describe('Known once the session was used since the node started'),
      confirmed: z.boolean(),
      createdAt: time,
    })
    .optional(),
});

export const contactSchemas = {
  contacts: {
    summary: 'The contacts of the agent',
    input: z.strictObject({ ...agentField, state: contactState.optional() }),
    output: z.object({ contacts: z.array(contactView) }),
  },
  contact: {
    summary: 'One contact with its state, key and routes',
    input: z.strictObject({ ...agentField, ...contactField }),
    output: contactView,
  },
  rename: {
    summary: 'Gives the contact another petname',
    input: z.strictObject({ ...agentField, ...contactField, name: z.string() }),
    output: contactView,
  },
  setTier: {
    summary: 'Sets what the contact may do',
    input: z.strictObject({
      ...agentField,
      ...contactField,
      tier,
      messageTypes: z.array(messageType).optional().describe('Only these types; all without it'),
      maxAttachmentBytes: count.optional(),
    }),
    output: contactView,
  },
  block: {
    summary: 'Takes nothing from the contact any more',
    input: z.strictObject({ ...agentField, ...contactField }),
    output: contactView,
  },
  remove: {
    summary: 'Forgets the contact and cancels what waits for it',
    input: z.strictObject({ ...agentField, ...contactField }),
    output: z.object({ removed: z.string(), cancelled: count }),
  },
  markVerified: {
    summary: 'Records that a person compared the safety number',
    input: z.strictObject({
      ...agentField,
      ...contactField,
      safetyNumber: z.string().optional().describe('What the other side reads out; must equal ours when given'),
    }),
    output: contactView,
  },
  approveChange: {
    summary: 'Decides about a contact that shows another key',
    input: z.strictObject({ ...agentField, ...contactField, keepKey: z.boolean().optional() }),
    output: contactView,
  },
} as const satisfies Record<string, OperationSchema>;
