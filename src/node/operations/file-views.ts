import { type ErrorCode, errorTable } from '#kernel';
import type { FileRow } from '#delivery';
import { type BlobAttachment, type BlobShape, blobShape, bytesInChunks, decodeMessage, type Payload } from '#protocol';
import type { AgentHost } from '../agent-host.ts';
import type { FileStatus } from '../file-desk.ts';
import { defined } from './defined.ts';
import { peerOf } from './peer-of.ts';

/** How far a file is; of one that goes out, as its receiver says. */
export function fileFacts(host: AgentHost, row: FileRow) {
  const { limits } = host.desk.ports;
  const { have, reason, kept } = host.files.statusOf(row);
  const shape = blobShape(row.size, limits.blobChunkBytes);
  const isOpen = row.state === 'open';
  return {
    state: stateOf(row, have),
    have: row.state === 'done' ? row.size : bytesInChunks(shape, have),
    ...defined({
      reason: isOpen ? reason : row.reason,
      why: isOpen && row.direction === 'out' ? whyNotKept(host, reason) : undefined,
      kept: isOpen && kept !== undefined ? keptView(host, shape, kept) : undefined,
    }),
  };
}

/** As much of the file as of its sealed bytes is there. */
function keptView(host: AgentHost, { size, sealedBytes }: BlobShape, { by, bytes }: NonNullable<FileStatus['kept']>) {
  const hub = host.hubs.memberships.find(({ membership }) => membership.address.hub === by);
  return { by: hub?.membership.name ?? by, have: Math.floor((bytes / sealedBytes) * size) };
}

/** Why no hub keeps a file for its receiver, with what helps. */
function whyNotKept(host: AgentHost, reason: ErrorCode | undefined): string | undefined {
  if (reason === undefined) return undefined;
  const meets = 'It goes by itself when the two nodes meet';
  const { name } = host.agent;
  switch (reason) {
    case 'NO_HUB':
      return `${name} has no hub of its own to put it at. ${meets}, or through a hub: mesh hub-join URL`;
    case 'UNREACHABLE':
      return `No hub of ${name} can be reached now (mesh hubs). ${meets}, or a hub is back.`;
    case 'FILES_FULL':
    case 'HUB_FULL':
      return `The hub keeps as many files of ${name} as it may. ${meets}, or what lies there was fetched.`;
    case 'STORE_FULL':
      return `The disk of the hub is full. ${meets}, or its owner made room.`;
    case 'NOT_ADMITTED':
      return `The hub does not keep files of ${name}. ${meets}. ${errorTable.NOT_ADMITTED.hint}`;
    default:
      return `${errorTable[reason].meaning} It is tried again. ${meets}, or a hub takes it.`;
  }
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
