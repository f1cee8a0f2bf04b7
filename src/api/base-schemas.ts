import * as z from 'zod';
import { type Json, type JsonObject, messageTypes, priorities } from '#protocol';

/** Milliseconds since 1970. */
export const time = z.int().min(0).meta({ description: 'Milliseconds since 1970' });
export const count = z.int().min(0);
/** Any JSON value: what was parsed from JSON needs no second look. */
export const json = z.custom<Json>((value) => value !== undefined);
export const jsonObject = z.record(z.string(), json) satisfies z.ZodType<JsonObject>;

/** A name or an id as somebody typed it: one line, so that it can be shown in errors. */
export const label = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters');

export const agentField = {
  agent: label.optional().describe('Local agent, by name or id; the default agent without it'),
};
export const contactField = { contact: label.describe('Petname, id or unambiguous beginning of an id') };
export const messageIdField = {
  id: label.describe('Message id, or an unambiguous beginning of at least 8 characters'),
};
export const requestIdField = { id: label.describe('Id of the contact request, or an unambiguous beginning of it') };
export const peerField = { peer: label.optional().describe('Only this contact: petname, id or beginning of an id') };
export const pageField = { limit: z.int().min(1).max(10_000).optional().describe('At most so many entries') };
export const afterSeqField = { afterSeq: count.optional().describe('Only entries with a higher sequence number') };

export const messageType = z.enum(messageTypes);
export const priority = z.enum(priorities);
export const tier = z.enum(['blocked', 'notify', 'bounded', 'trusted', 'owner']);
export const contactState = z.enum([
  'discovered',
  'requested-out',
  'requested-in',
  'trusted',
  'changed',
  'blocked',
  'removed',
  'rejected',
]);
export const outboxState = z.enum([
  'review',
  'queued',
  'sent',
  'stored',
  'delivered',
  'seen',
  'answered',
  'refused',
  'expired',
  'dead',
  'cancelled',
]);
export const inboxState = z.enum(['new', 'review', 'leased', 'handled', 'dead']);
export const breakerState = z.enum(['closed', 'open', 'half-open']);

/** What one operation takes and gives; a stream operation gives many of `output`. */
export interface OperationSchema {
  readonly summary: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodType;
}
