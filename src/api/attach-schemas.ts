import * as z from 'zod';
import { agentField, count, jsonObject, label, messageType, type OperationSchema } from './base-schemas.ts';
import { messageView } from './message-schemas.ts';

/** What a program hears that is attached to an agent. */
export const turnEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('attached'), agent: z.string(), agentId: z.string() }).describe('Comes first'),
  z
    .object({
      type: z.literal('message'),
      message: messageView,
      attempt: count.describe('1 at the first time; the same message may come again'),
    })
    .describe('Be done with it: complete or release'),
  z
    .object({ type: z.literal('withdrawn'), id: z.string() })
    .describe('It took too long: do nothing more for the message'),
]);

const turn = { ...agentField, id: label.describe('Message id') };
const taken = z.object({ id: z.string(), taken: z.literal(true) });

export const attachSchemas = {
  attach: {
    summary: 'Takes the messages of an agent without a runtime, as long as the answer is read',
    input: z.strictObject({
      ...agentField,
      program: label.describe('Which program, for people'),
      types: z.array(messageType).optional().describe('Without it requests, notifications and alerts'),
      concurrency: z.int().min(1).max(256).optional().describe('So many messages at once; 1 keeps the order'),
      timeoutMs: z.int().min(1).max(86_400_000).optional().describe('For each message; then it is offered again'),
    }),
    output: turnEvent,
  },
  complete: {
    summary: 'The attached program is done with a message; the text answers a request',
    input: z.strictObject({
      ...turn,
      text: z.string().optional(),
      subject: z.string().optional(),
      metadata: jsonObject.optional(),
      usage: z
        .strictObject({ tokens: z.number().min(0).optional(), costUsd: z.number().min(0).optional() })
        .optional()
        .describe('What the turn used, taken off the budget'),
    }),
    output: taken,
  },
  release: {
    summary: 'The attached program gives a message back, which is offered again',
    input: z.strictObject({
      ...turn,
      error: z.string().min(1).max(2048).describe('What the owner reads about it'),
      counts: z.boolean().describe('False: the program could not work, and the message is not to blame'),
    }),
    output: taken,
  },
} as const satisfies Record<string, OperationSchema>;
