import { type ErrorCode, type Limits, MeshError } from '#kernel';
import { appendAudit } from '#audit';
import type { FileOwner, FileReader, FileRow, SealedFile } from '#delivery';
import { blobVersion, type Message, type MessageId, type Receipt } from '#protocol';
import type { Accepted } from './accept-message.ts';
import { blobBytes, blobsOf } from './blob-attachments.ts';
import type { Lane } from './lane.ts';
import { maySendNow, sendMessage, storeArrivals } from './send.ts';
import type { Spending } from './spendings.ts';
import type { MeshTransaction } from './store.ts';
import { tellLane } from './tell-steps.ts';

const ownerOf = ({ agent, peer }: Lane): FileOwner => ({ agent: agent.name, peer, direction: 'out' });

/** A message, and what it takes along of the budget of its cause. */
export interface Outgoing {
  readonly message: Message;
  readonly spending?: Spending | undefined;
}

/**
 * Sends a message beside which files go: `sealed` are those of its blob attachments, in their order. They are known before the message is
 * accepted, so that whoever gets it can ask for them. Throws what `sendMessage` throws, FILES_FULL and PEER_TOO_OLD; then nothing of the
 * files is kept, and their bytes are for the caller to remove: `unused` says which.
 */
export async function sendWithFiles(
  lane: Lane,
  { message, spending }: Outgoing,
  sealed: readonly SealedFile[],
): Promise<Accepted & { readonly unused: readonly string[] }> {
  const blobs = blobsOf(message);
  if (blobs.length === 0) return { ...(await sendMessage(lane, message, spending)), unused: [] };
  maySendWithFiles(lane, message);
  await lane.ports.store.transact((tx) => stage(lane, tx, { message, sealed }));
  try {
    const accepted = await sendMessage(lane, message, spending);
    return { ...accepted, unused: accepted.duplicate ? await unstage(lane, message.id) : [] };
  } catch (error) {
    await unstage(lane, message.id);
    throw error;
  }
}

/** Throws what keeps the message and its files from being accepted, FILES_FULL and PEER_TOO_OLD too; does nothing else. */
export function maySendWithFiles(lane: Lane, message: Message): void {
  maySendNow(lane, message);
  const blobs = blobsOf(message);
  if (blobs.length === 0) return;
  checkVersion(lane);
  checkQuota(lane, lane.ports.store.read.files, blobBytes(blobs));
}

/** Throws PEER_TOO_OLD when a link shows that the peer would not understand the message. */
function checkVersion({ courier }: Lane): void {
  if ((courier.link?.version ?? blobVersion) >= blobVersion) return;
  throw new MeshError('PEER_TOO_OLD', 'The software of the peer knows no files of more than 64 KB');
}

function checkQuota({ agent, peer, ports }: Lane, files: FileReader, bytes: number): void {
  const { limits } = ports;
  const kept = files.usage('out', { agent: agent.name, peer });
  if (kept + bytes > limits.maxFileBytesPerPeer) {
    throw new MeshError('FILES_FULL', tooMuch('this peer', { kept, bytes, most: limits.maxFileBytesPerPeer }), {
      hint: 'Send it when the peer has taken what waits (mesh files), or raise maxMbPerPeer under [files] in mesh.toml.',
    });
  }
  checkFilesKept(files, limits, bytes);
}

/** Throws FILES_FULL when so many bytes more may not be kept for receivers. */
export function checkFilesKept(files: FileReader, { maxFileBytes }: Pick<Limits, 'maxFileBytes'>, bytes: number): void {
  const kept = files.usage('out');
  if (kept + bytes <= maxFileBytes) return;
  throw new MeshError('FILES_FULL', tooMuch('their receivers', { kept, bytes, most: maxFileBytes }), {
    hint: 'Send it when what waits was taken (mesh files), or raise maxMb under [files] in mesh.toml.',
  });
}

interface Amount {
  readonly kept: number;
  readonly bytes: number;
  readonly most: number;
}

function tooMuch(whom: string, { kept, bytes, most }: Amount): string {
  const limit = `the ${mb(most)} MB of files that are kept for ${whom}`;
  if (kept === 0) return `${mb(bytes)} MB exceed ${limit}`;
  return `${mb(kept)} MB wait there already; with ${mb(bytes)} MB more they exceed ${limit}`;
}

const mb = (bytes: number): number => Math.ceil(bytes / (1024 * 1024));

function stage(
  lane: Lane,
  tx: MeshTransaction,
  { message, sealed }: { message: Message; sealed: readonly SealedFile[] },
): void {
  const { agent, peer, ports } = lane;
  const blobs = blobsOf(message);
  const bytes = blobBytes(blobs);
  checkQuota(lane, tx.files, bytes);
  for (const [index, { place, attachment }] of blobs.entries()) {
    const data = sealed[index]?.data;
    if (data === undefined) throw new MeshError('INTERNAL', 'A file was not sealed');
    const { blob, size } = attachment;
    const expiresAt = message.timestamp + message.ttl * 1000;
    tx.files.insert({
      ...ownerOf(lane),
      message: message.id,
      place,
      blob,
      size,
      data,
      createdAt: message.timestamp,
      expiresAt,
    });
  }
  const facts = { peer, message: message.id, files: blobs.length, bytes };
  appendAudit(tx.audit, { at: ports.clock.now(), agent: agent.name, kind: 'files.sealed', data: facts });
}

const unstage = (lane: Lane, id: MessageId): Promise<readonly string[]> =>
  lane.ports.store.transact((tx) => tx.files.deleteOf(ownerOf(lane), id));

/** The peer has all files of a message: the copy that was kept for it is not needed any more. */
export function filesTaken(
  lane: Lane,
  tx: MeshTransaction,
  { messageId, at }: Extract<Receipt, { kind: 'files' }>,
): void {
  for (const row of tx.files.ofMessage(ownerOf(lane), messageId)) {
    if (row.state !== 'open') continue;
    tx.files.finish(row.no, at);
    noteEnd(lane, tx, row);
  }
}

function noteEnd(lane: Lane, tx: MeshTransaction, { no, agent }: FileRow): void {
  const dropped = tx.files.dropData(no);
  const file = tx.files.file(no);
  if (file === undefined) return;
  lane.applied.push({ type: 'file', agent, peer: lane.peer, file, ...(dropped === undefined ? {} : { dropped }) });
}

/** The messages will not be delivered any more, or their time is over: nobody needs the files that were kept for them. */
export async function endFiles(
  lane: Lane,
  ended: readonly { readonly message: MessageId; readonly reason: ErrorCode }[],
): Promise<void> {
  const { ports } = lane;
  const rows = ended.flatMap(({ message, reason }) =>
    ports.store.read.files
      .ofMessage(ownerOf(lane), message)
      .flatMap((row) => (row.state === 'open' ? { row, reason } : [])),
  );
  if (rows.length === 0) return;
  const events = await ports.store.transact((tx) =>
    rows.map(({ row, reason }) => {
      tx.files.end(row.no, { reason, at: ports.clock.now() });
      return { dropped: tx.files.dropData(row.no), file: tx.files.file(row.no) ?? row };
    }),
  );
  for (const { file, dropped } of events)
    ports.emit({
      type: 'file',
      agent: file.agent,
      peer: lane.peer,
      file,
      ...(dropped === undefined ? {} : { dropped }),
    });
}

/** A link shows that the peer knows no files: messages that wait with some are refused, so that their sender learns it. */
export async function refuseFilesOfOldPeer(lane: Lane): Promise<void> {
  const { agent, peer, ports } = lane;
  await lane.serial.run(async () => {
    await storeArrivals(lane);
    const messages = [...new Set(ports.store.read.files.open(ownerOf(lane)).map(({ message }) => message))];
    if (messages.length === 0) return;
    const refused = { code: 'PEER_TOO_OLD', at: ports.clock.now(), ids: messages } as const;
    const ids = await ports.store.transact((tx) => tx.outbox.refuseWaiting({ agent: agent.name, peer }, refused));
    tellLane(lane, ids, { step: 'refused', state: 'refused', reason: 'PEER_TOO_OLD' });
  });
}
