import * as z from 'zod';
import {
  agentField,
  count,
  label,
  messageIdField,
  type OperationSchema,
  pageField,
  peerField,
  time,
} from './base-schemas.ts';

const fileState = z
  .enum(['waiting', 'moving', 'complete', 'failed', 'removed'])
  .describe('complete: the receiver has all of it, verified; removed: it had, and the bytes are gone here');

/** How far a file is. */
export const fileFacts = z.object({
  state: fileState,
  have: count.describe('Bytes that the receiver has for good'),
  reason: z.string().optional().describe('Error code: why it failed, or does not go on now'),
  why: z.string().optional().describe('The reason of one that waits for a hub, in words, and what helps'),
  kept: z
    .object({
      by: z.string().describe('Name of the hub, or its id'),
      have: count.describe('Bytes of it that are there'),
    })
    .optional()
    .describe('Of one that goes out: who keeps it for its receiver'),
});

export const fileView = z.object({
  id: z.string().describe('Of its message'),
  index: count.describe('Which of the attachments of the message'),
  direction: z.enum(['in', 'out']),
  peer: z.string().describe('Petname, or the id of who is no contact'),
  peerId: z.string(),
  name: z.string().describe('Data, never a path'),
  mediaType: z.string(),
  size: count.describe('Bytes'),
  ...fileFacts.shape,
  createdAt: time,
  expiresAt: time.describe('Given up when it is not complete by then'),
  endedAt: time.optional(),
});

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');
const uploadField = { upload: label.describe('What `upload` gave') };
const indexField = { index: count.describe('Which of the attachments, from 0') };

export const fileSchemas = {
  files: {
    summary: 'Files that came in and went out beside messages, newest first',
    input: z.strictObject({
      ...agentField,
      ...peerField,
      ...pageField,
      open: z.boolean().optional().describe('Only those that are not settled'),
    }),
    output: z.object({
      files: z.array(fileView),
      kept: z.object({ in: count, out: count, max: count, maxPerPeer: count }).describe('Bytes, of all agents'),
    }),
  },
  upload: {
    summary: 'Begins to hand over a file that is to be sent',
    input: z.strictObject({ ...agentField }),
    output: z.object({ upload: z.string(), partBytes: count.describe('At most so many bytes in one part') }),
  },
  uploadPart: {
    summary: 'The next bytes of the file',
    input: z.strictObject({ ...agentField, ...uploadField, offset: count, bytes }),
    output: z.object({ size: count.describe('Bytes so far') }),
  },
  dropUpload: {
    summary: 'Gives the file up',
    input: z.strictObject({ ...agentField, ...uploadField }),
    output: z.object({ dropped: z.string() }),
  },
  filePart: {
    summary: 'A part of a file that came in: 1 MB, the last one less',
    input: z.strictObject({ ...agentField, ...messageIdField, ...indexField, part: count.describe('From 0') }),
    output: bytes,
  },
  removeFile: {
    summary: 'Deletes the bytes of a file here; the message stays',
    input: z.strictObject({ ...agentField, ...messageIdField, ...indexField }),
    output: fileView,
  },
} as const satisfies Record<string, OperationSchema>;
