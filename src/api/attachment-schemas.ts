import * as z from 'zod';
import { count } from './base-schemas.ts';
import { fileFacts } from './file-schemas.ts';

export const attachmentView = z.object({
  kind: z.enum(['inline', 'blob', 'url']).describe('blob: a file beside the message'),
  name: z.string().describe('Data, never a path'),
  mediaType: z.string().optional(),
  size: count.optional().describe('Bytes'),
  url: z.string().optional(),
  file: fileFacts.optional().describe('Of a blob: how far it is'),
});
