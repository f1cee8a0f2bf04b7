import * as z from 'zod';
import { agentField, contactState, label, type OperationSchema, requestIdField, tier, time } from './base-schemas.ts';
import { contactView, exchangeFields } from './contact-schemas.ts';

export const requestView = z.object({
  id: z.string(),
  direction: z.enum(['in', 'out']),
  petname: z.string(),
  state: contactState,
  agentId: z.string(),
  name: z.string().optional(),
  displayName: z.string().optional(),
  fingerprint: z.string(),
  safetyNumber: z.string(),
  purpose: z.string().optional(),
  endpoints: z.array(z.string()),
  at: time,
  delivered: z.boolean().optional().describe('Of a request that went out: the other node has it'),
  ...exchangeFields,
  sameNameAs: z.string().optional().describe('A contact with the same name and another key: be careful'),
});

export const inviteView = z.object({
  id: z.string(),
  createdAt: time,
  expiresAt: time,
  usedAt: time.optional(),
  usedBy: z.string().optional(),
});

const lifetimeMs = z.int().min(1);
const waitMs = z.int().min(0).max(600_000).optional();
const petname = z.string().optional().describe('What to call the contact here');

export const requestSchemas = {
  request: {
    summary: 'Asks another agent for trust',
    input: z.strictObject({
      ...agentField,
      target: z
        .union([z.string(), z.record(z.string(), z.unknown())])
        .describe('URL of its node, its card as JSON, or NAME@HUB for an agent that a hub lists'),
      purpose: z.string().optional().describe('What for, at most 500 characters'),
      petname,
      targetAgent: label.optional().describe('Name or id, when several agents live at the URL'),
      waitMs: waitMs.describe('For the request to arrive, or to be refused for good; none without it'),
    }),
    output: requestView,
  },
  requests: {
    summary: 'Contact requests that wait, both ways',
    input: z.strictObject({ ...agentField }),
    output: z.object({ requests: z.array(requestView) }),
  },
  approve: {
    summary: 'Trusts the agent that asked',
    input: z.strictObject({
      ...agentField,
      ...requestIdField,
      petname,
      tier: tier.optional(),
      waitMs: waitMs.describe('For the acceptance to arrive; none without it'),
    }),
    output: contactView,
  },
  reject: {
    summary: 'Refuses the request; tells nothing to who asked',
    input: z.strictObject({ ...agentField, ...requestIdField, block: z.boolean().optional() }),
    output: z.object({ rejected: z.string() }),
  },
  invite: {
    summary: 'Makes an invite that one agent may use once',
    input: z.strictObject({ ...agentField, expiresInMs: lifetimeMs.optional(), tier: tier.optional() }),
    output: z.object({
      invite: z.string().describe('Begins with mesh:'),
      id: z.string(),
      expiresAt: time,
      routes: z.array(z.string()),
      agentId: z.string(),
      fingerprint: z.string(),
    }),
  },
  invites: {
    summary: 'The invites of the agent',
    input: z.strictObject({ ...agentField }),
    output: z.object({ invites: z.array(inviteView) }),
  },
  join: {
    summary: 'Uses an invite: both sides become peers',
    input: z.strictObject({
      ...agentField,
      invite: z.string(),
      petname,
      tier: tier.optional(),
      waitMs: waitMs.describe('For the acceptance, or a refusal for good; 10 000 without it'),
    }),
    output: contactView,
  },
} as const satisfies Record<string, OperationSchema>;
