import * as z from 'zod';
import { agentField, contactField, type OperationSchema, time } from './base-schemas.ts';

export const contactRoutes = z.object({
  petname: z.string(),
  agentId: z.string(),
  routes: z
    .array(
      z.object({
        kind: z
          .enum(['node', 'hub', 'relay'])
          .describe('To its own node, to a hub that keeps frames for it, or to a peer whose node does'),
        url: z.string(),
        state: z.enum(['in use', 'works', 'fails', 'untried']),
        latencyMs: z.number().optional(),
        lastHeardAt: time.optional(),
        lastError: z.object({ code: z.string(), at: time }).optional(),
      }),
    )
    .describe('In the order in which they are tried'),
});

const output = z.object({ contacts: z.array(contactRoutes) });
const input = z.strictObject({ ...agentField, contact: contactField.contact.optional() });

export const routeSchemas = {
  routes: { summary: 'The ways to a contact, or to all peers, as they are known', input, output },
  probe: { summary: 'Tries all ways to a contact, or to all peers; says nothing to their agents', input, output },
} as const satisfies Record<string, OperationSchema>;
