import type { FileRow } from '#delivery';
import { type BlobAttachment, blobShape, bytesInChunks, decodeMessage, type Payload } from '#protocol';
import type { AgentHost } from '../agent-host.ts';
import { defined } from './defined.ts';
import { peerOf } from './peer-of.ts';

/** How far a file is; of one that goes out, as its receiver says. */
export function fileFacts(host: AgentHost, row: FileRow) {
  const { limits } = host.desk.ports;
  const { have, reason } = host.files.statusOf(row);
  const shape = blobShape(row.size, limits.blobChunkBytes);
  return {
    state: stateOf(row, have),
    have: row.state === 'done' ? row.size : bytesInChunks(shape, have),
    ...defined({ reason: row.state === 'open' ? reason : row.reason }),
  };
}

type ShownState = 'waiting' | 'moving' | 'complete' | 'failed' | 'removed';

function stateOf({ state, direction, data }: FileRow, have: number): ShownState {
  if (state === 'ended') return 'failed';
  // What was sent is not needed here any more once the receiver has it.
  if (state === 'done') return direction === 'in' && data === undefined ? 'removed' : 'complete';
  return have > 0 ? 'moving' : 'waiting';
}

export function fileView(host: AgentHost, row: FileRow) {
  const { name, mediaType } = attachmentOf(host, row) ?? { name: '', mediaType: 'application/octet-stream' };
  return {
    id: row.message,
    index: row.place,
    direction: row.direction,
    ...peerOf(host, row.peer),
    name,
    mediaType,
    size: row.size,
    ...fileFacts(host, row),
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    ...defined({ endedAt: row.endedAt }),
  };
}

/** Undefined when the message is not there any more. */
function attachmentOf(host: AgentHost, row: FileRow): BlobAttachment | undefined {
  const attachment = payloadOf(host, row)?.attachments?.[row.place];
  return attachment?.kind === 'blob' ? attachment : undefined;
}

function payloadOf({ desk }: AgentHost, row: FileRow): Payload | undefined {
  const { inbox, outbox } = desk.ports.store.read;
  const body =
    row.direction === 'out'
      ? outbox.message(row.agent, row.message)?.body
      : inbox.messagesByPrefix(row.agent, row.message).find(({ sender }) => sender === row.peer)?.body;
  return body && decodeMessage(body).payload;
}
