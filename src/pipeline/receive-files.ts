import { equalBytes, type ErrorCode, MeshError, toHex } from '#kernel';
import { appendAudit } from '#audit';
import type { FileOwner, FileRow, NewInboxMessage, WantedFile } from '#delivery';
import { BlobIdMaker, blobShape, decodeMessage, type Message, type MessageId } from '#protocol';
import { blobBytes, blobsOf, type PlacedBlob } from './blob-attachments.ts';
import type { PipelineEvent } from './event.ts';
import type { Lane } from './lane.ts';
import type { MeshTransaction } from './store.ts';

const ownerOf = ({ agent, peer }: Lane): FileOwner => ({ agent: agent.name, peer, direction: 'in' });

/** A message as it came: its row, and what it says. */
export interface Arrived {
  readonly row: NewInboxMessage;
  readonly message: Message | undefined;
}

/**
 * Puts a message into the inbox, with room promised to its files: they are fetched from now on, and its program gets the message when they
 * are here. `refused` when there is no room, which its sender is told.
 */
export function insertWithFiles(
  lane: Lane,
  tx: MeshTransaction,
  { row, message }: Arrived,
): 'new' | 'known' | 'refused' {
  const blobs = message === undefined ? [] : blobsOf(message);
  if (message === undefined || blobs.length === 0) return tx.inbox.insert(row) ? 'new' : 'known';
  const { agent, peer, ports } = lane;
  const isKnown = tx.files.ofMessage(ownerOf(lane), row.id).length > 0;
  if (!isKnown && !hasRoom(lane, tx, blobBytes(blobs))) {
    const receipt = { kind: 'refused', messageId: row.id, code: 'FILES_FULL', at: ports.clock.now() } as const;
    tx.outbox.queueReceipt({ agent: agent.name, peer }, receipt);
    const facts = { message: row.id, bytes: blobBytes(blobs), reason: 'FILES_FULL' } as const;
    lane.applied.push({ type: 'files-refused', agent: agent.name, peer, ...facts });
    return 'refused';
  }
  if (!tx.inbox.insert(row)) {
    sayAgain(lane, tx, row.id);
    return 'known';
  }
  for (const blob of blobs) expectFile(lane, tx, { message, blob });
  if (ports.waitsForFiles(agent.name)) tx.inbox.hold({ agent: agent.name, sender: peer }, row.id);
  return 'new';
}

/** A sender that repeats a message may not know, or not know any more, that its files are here. */
function sayAgain({ agent, peer, ports }: Lane, tx: MeshTransaction, messageId: MessageId): void {
  const files = tx.files.ofMessage({ agent: agent.name, peer, direction: 'in' }, messageId);
  if (files.length === 0 || files.some(({ state }) => state !== 'done')) return;
  tx.outbox.queueReceipt({ agent: agent.name, peer }, { kind: 'files', messageId, at: ports.clock.now() });
}

/** Asked in the transaction that promises the room, so that nobody else gets it. */
function hasRoom({ agent, peer, ports }: Lane, tx: MeshTransaction, bytes: number): boolean {
  const { maxFileBytesPerPeer, maxFileBytes } = ports.limits;
  const fromPeer = tx.files.usage('in', { agent: agent.name, peer }) + bytes;
  return fromPeer <= maxFileBytesPerPeer && tx.files.usage('in') + bytes <= maxFileBytes;
}

function expectFile(lane: Lane, tx: MeshTransaction, { message, blob }: { message: Message; blob: PlacedBlob }): void {
  const { clock, random } = lane.ports;
  const { place, attachment } = blob;
  tx.files.insert({
    ...ownerOf(lane),
    message: message.id,
    place,
    blob: attachment.blob,
    size: attachment.size,
    data: toHex(random.bytes(16)),
    createdAt: clock.now(),
    expiresAt: message.timestamp + message.ttl * 1000,
  });
}

/** Files that are to come from the peer, with what their messages say of them. */
export function wantedFiles(lane: Lane): readonly WantedFile[] {
  const { store, limits } = lane.ports;
  return store.read.files.open(ownerOf(lane)).flatMap((row) => {
    const found = store.read.inbox.messagesByPrefix(row.agent, row.message).find(({ sender }) => sender === row.peer);
    const attachment = found && decodeMessage(found.body, limits).payload.attachments?.[row.place];
    return attachment?.kind === 'blob' ? [{ row, attachment }] : [];
  });
}

/**
 * All chunks of the file are here. The last file of a message lets its program have it, and tells the sender, which then drops its copy.
 * Throws FILE_DAMAGED when together they are not what the message named.
 */
export async function fileArrived(lane: Lane, { row }: WantedFile): Promise<void> {
  const { agent, ports } = lane;
  const at = ports.clock.now();
  const file = await ports.store.transact((tx) => {
    const { peer } = lane;
    if (tx.files.file(row.no)?.state !== 'open') return undefined;
    checkBlob(lane, tx, row);
    tx.files.finish(row.no, at);
    const files = tx.files.ofMessage(ownerOf(lane), row.message);
    if (files.every(({ state }) => state === 'done')) {
      tx.inbox.unhold({ agent: agent.name, sender: peer }, row.message);
      tx.outbox.queueReceipt({ agent: agent.name, peer }, { kind: 'files', messageId: row.message, at });
      const data = { peer, message: row.message, files: files.length, bytes: sizeOf(files) };
      appendAudit(tx.audit, { at, agent: agent.name, kind: 'files.received', data });
    }
    return tx.files.file(row.no);
  });
  if (file !== undefined) tell(lane, { type: 'file', agent: agent.name, peer: lane.peer, file });
}

/** The address is a hash over the hashes of all sealed chunks (spec §10.3): the file as a whole is the one that was announced. */
function checkBlob({ ports }: Lane, tx: MeshTransaction, row: FileRow): void {
  const maker = new BlobIdMaker();
  let chunks = 0;
  for (const id of tx.files.chunkIds(row.no)) {
    maker.add(id);
    chunks += 1;
  }
  const expected = blobShape(row.size, ports.limits.blobChunkBytes).chunks;
  if (chunks === expected && equalBytes(maker.end(), row.blob)) return;
  throw new MeshError('FILE_DAMAGED', 'The parts of the file are not together what its sender announced');
}

/** The file will not come. A program that waits for it does not get the message, and its sender learns why. */
export async function fileLost(lane: Lane, { row }: Pick<WantedFile, 'row'>, reason: ErrorCode): Promise<void> {
  const { agent, ports } = lane;
  const at = ports.clock.now();
  const ended = await ports.store.transact((tx) => {
    const { peer } = lane;
    if (tx.files.file(row.no)?.state !== 'open') return undefined;
    tx.files.end(row.no, { reason, at });
    const dropped = tx.files.dropData(row.no);
    const error = `Its file ${row.place + 1} did not come: ${reason}`;
    const isHeld = tx.inbox.buryHeld({ agent: agent.name, sender: peer }, row.message, { error, reason, at });
    // Nothing is said to a contact that was removed.
    if (isHeld && tx.contacts.byAgentId(agent.name, peer) !== undefined) {
      const receipt = { kind: 'refused', messageId: row.message, code: reason, at } as const;
      tx.outbox.queueReceipt({ agent: agent.name, peer }, receipt);
    }
    const data = { peer, message: row.message, reason, bytes: row.size };
    appendAudit(tx.audit, { at, agent: agent.name, kind: 'file.lost', data });
    return { file: tx.files.file(row.no), dropped, isHeld };
  });
  if (ended?.file === undefined) return;
  const { file, dropped, isHeld } = ended;
  if (isHeld) ports.emit({ type: 'buried', agent: agent.name, peer: lane.peer, ids: [row.message], reason });
  tell(lane, { type: 'file', agent: agent.name, peer: lane.peer, file, ...(dropped === undefined ? {} : { dropped }) });
}

function tell(lane: Lane, event: PipelineEvent): void {
  lane.ports.emit(event);
  lane.hasReceipts = true;
  lane.flushSoon();
}

const sizeOf = (files: readonly FileRow[]): number => files.reduce((sum, { size }) => sum + size, 0);
