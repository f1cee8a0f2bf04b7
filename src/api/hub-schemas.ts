import * as z from 'zod';
import { agentField, contactState, count, type OperationSchema, time } from './base-schemas.ts';

export const hubView = z.object({
  name: z.string().describe('What the hub calls itself'),
  url: z.string(),
  agentId: z.string().describe('The id of the hub: its key'),
  fingerprint: z.string(),
  relayOf: z.string().optional().describe('The contact whose node it is'),
  standsIn: z
    .enum(['now', 'before'])
    .optional()
    .describe('It was not joined: it keeps the mailbox now because no hub can be reached, or did so until a while ago'),
  state: z.enum(['up', 'down']),
  joinedAt: time,
  latencyMs: z.number().optional(),
  lastError: z.object({ code: z.string(), message: z.string(), at: time }).optional(),
});

const hubField = z.string().describe('Name, URL or id of a hub of this agent');

export const directoryEntry = z.object({
  agentId: z.string(),
  name: z.string(),
  displayName: z.string().optional(),
  fingerprint: z.string(),
  capabilities: z.array(z.object({ id: z.string(), description: z.string(), tags: z.array(z.string()) })),
  hub: z.string().describe('Name of the hub that lists it'),
  contact: z.object({ petname: z.string(), state: contactState }).optional(),
  own: z.literal(true).optional().describe('An agent of this node'),
});

export const hubSchemas = {
  hubs: {
    summary: 'The hubs that keep the mailbox of the agent',
    input: z.strictObject({ ...agentField }),
    output: z.object({ hubs: z.array(hubView) }),
  },
  joinHub: {
    summary: 'Registers the agent at a hub, which keeps its mailbox from now on',
    input: z.strictObject({
      ...agentField,
      target: z
        .string()
        .describe('URL of the hub, an invite that its owner made (mesh-hub:…), or with `relay` a contact'),
      relay: z.boolean().optional().describe('The target is a contact whose node keeps messages for others'),
      invite: z.string().optional().describe('An invite, when the target is a URL'),
    }),
    output: hubView,
  },
  leaveHub: {
    summary: 'Uses the mailbox at the hub no more',
    input: z.strictObject({ ...agentField, hub: hubField }),
    output: z.object({ left: hubView }),
  },
  directory: {
    summary: 'Agents that hubs of the agent list',
    input: z.strictObject({
      ...agentField,
      hub: hubField.optional(),
      search: z.string().optional().describe('Part of a name or description'),
      capability: z.string().optional().describe('Id of a capability'),
      limit: count.optional().describe('At most so many; 200 without it'),
    }),
    output: z.object({
      agents: z.array(directoryEntry),
      more: z.boolean().describe('There are more than the limit'),
      problems: z.array(z.object({ hub: z.string(), code: z.string(), message: z.string() })),
    }),
  },
} as const satisfies Record<string, OperationSchema>;
