import * as z from 'zod';
import { agentField, count, label, type OperationSchema, time } from './base-schemas.ts';

export const pauseView = z.object({
  agent: z.string().optional().describe('Name of the local agent; absent: all agents of the node'),
  at: time.describe('Since when'),
  reason: z.string().optional(),
});

const standing = z.object({
  pauses: z.array(pauseView).describe('What is paused now'),
  waiting: count.describe('Messages that wait for a program'),
});

export const pauseSchemas = {
  pause: {
    summary: 'Emergency stop: no program gets a turn or sends anything until resume, also after a restart',
    input: z.strictObject({ ...agentField, reason: label.optional() }),
    output: standing,
  },
  resume: {
    summary: 'Programs go on with everything that waited, in order',
    input: z.strictObject({ ...agentField }),
    output: z.object({ ...standing.shape, ended: z.array(pauseView) }),
  },
} as const satisfies Record<string, OperationSchema>;
