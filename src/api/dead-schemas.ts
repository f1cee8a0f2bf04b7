import * as z from 'zod';
import {
  agentField,
  count,
  jsonObject,
  label,
  messageIdField,
  messageType,
  type OperationSchema,
  pageField,
  peerField,
  priority,
  time,
} from './base-schemas.ts';
import { attachmentView } from './attachment-schemas.ts';
import { step } from './message-schemas.ts';

const box = z.enum(['outbox', 'inbox']).describe('What was sent, or what came in');
const reason = z.string().describe('Error code');

export const deadLetter = z.object({
  box,
  id: z.string(),
  peer: z.string().describe('Petname, or the id of who is no contact'),
  peerId: z.string(),
  type: messageType,
  priority,
  subject: z.string().optional(),
  body: z.string(),
  attachments: z.array(attachmentView),
  metadata: jsonObject.optional(),
  reason,
  error: z.string().optional().describe('What the program that handles messages said last'),
  at: time.describe('When it became a dead letter'),
  madeAt: time,
  expiresAt: time,
  keptUntil: time.describe('It is not forgotten before'),
  attempts: count,
  replay: z
    .enum(['by itself', 'by hand'])
    .describe('By itself: as soon as the peer is heard from, while its time to live is not over'),
});

const deadCount = z.object({ box, peer: z.string(), peerId: z.string(), reason, count });

/** All of it, or a part. Without any of these fields nothing is meant. */
const selection = {
  ids: z.array(label).min(1).max(1000).optional().describe('Message ids, or unambiguous beginnings of them'),
  all: z.literal(true).optional(),
  box: box.optional(),
  ...peerField,
  reason: label.optional().describe('Only this error code'),
  before: time.optional().describe('Only what became a dead letter before'),
};

const { ids: _ids, all: _all, ...narrowing } = selection;

export const deadSchemas = {
  deadLetters: {
    summary: 'Messages that were given up on, newest first, and how many there are of each kind',
    input: z.strictObject({ ...agentField, ...narrowing, ...pageField }),
    output: z.object({ letters: z.array(deadLetter), counts: z.array(deadCount) }),
  },
  deadLetter: {
    summary: 'One dead letter with the steps of its way',
    input: z.strictObject({ ...agentField, ...messageIdField }),
    output: z.object({ ...deadLetter.shape, steps: z.array(step) }),
  },
  replayDead: {
    summary: 'Sends dead letters again, or offers them to the program again',
    input: z.strictObject({ ...agentField, ...selection }),
    output: z.object({
      count: count.describe('How many were; the first ones are named'),
      replayed: z.array(
        z.object({
          box,
          id: z.string(),
          as: z.string().optional().describe('The new message that says it again; without it, it goes on under its id'),
        }),
      ),
      skipped: z.array(z.object({ box, id: z.string(), code: z.string(), message: z.string() })),
    }),
  },
  purgeDead: {
    summary: 'Forgets dead letters',
    input: z.strictObject({ ...agentField, ...selection }),
    output: z.object({
      purged: count,
      kept: count.describe('In a frame that the peer may still take'),
    }),
  },
} as const satisfies Record<string, OperationSchema>;
