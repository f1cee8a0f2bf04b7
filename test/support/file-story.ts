import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Input, Output } from '#api';
import { type Limits, type Clock, concatBytes, systemClock } from '#kernel';
import type { MemoryNode } from './memory-node.ts';
import { eventually, type NodeLike, signal } from './test-agents.ts';
import type { Wire } from './wire.ts';

/** Chunks of 1000 bytes; what is written is counted after every second one. */
export const smallFiles = {
  blobChunkBytes: 1000,
  blobAskBytes: 500,
  blobPieceBytes: 200,
  minBlobWindowBytes: 2000,
  maxBlobWindowBytes: 4000,
  blobSyncBytes: 2000,
  blobRetryMs: 10,
  blobMaxRetryMs: 20,
  keepFreeDiskBytes: 0,
  fileProgressMs: 0,
} satisfies Partial<Limits>;

export type FileView = Output<'files'>['files'][number];

/** Bytes that show where they come from. */
export const contentOf = (size: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length: size }, (_, at) => (at * 31 + seed * 7 + (at >> 8)) % 256);

export interface FileMessage extends Partial<Omit<Input<'send'>, 'to' | 'files'>> {
  readonly name?: string;
}

/** Hands the bytes over, and gives what `send` takes. */
export async function handOver(from: NodeLike, bytes: Uint8Array, name = 'file.bin') {
  const { upload } = await from.api.upload({}, { signal });
  for (let offset = 0; offset < bytes.length; offset += 1700) {
    await from.api.uploadPart({ upload, offset, bytes: bytes.slice(offset, offset + 1700) }, { signal });
  }
  return { upload, name, mediaType: 'application/octet-stream' };
}

/** Sends a message with one file beside it; its id. */
export async function sendFile(
  from: NodeLike,
  to: string,
  bytes: Uint8Array,
  message: FileMessage = {},
): Promise<string> {
  const { name, ...said } = message;
  const files = [await handOver(from, bytes, name)];
  return (await from.api.send({ to, text: 'a file', ...said, files }, { signal })).id;
}

export async function fileOf(node: NodeLike, id: string): Promise<FileView | undefined> {
  const { files } = await node.api.files({ limit: 100 }, { signal });
  return files.find((file) => file.id === id);
}

/** What the receiver reads of the file. */
export async function readAll(node: NodeLike, id: string, index = 0): Promise<Uint8Array> {
  const { attachments } = await node.api.message({ id }, { signal });
  const { size = 0 } = attachments[index] ?? {};
  const parts: Uint8Array[] = [];
  for (let part = 0; part === 0 || part * smallFiles.blobChunkBytes < size; part += 1)
    parts.push(await node.api.filePart({ id, index, part }, { signal }));
  return concatBytes(...parts);
}

/** Resolves when the file has that state at the node. */
export const fileReaches = (
  nodes: readonly NodeLike[],
  file: { readonly at: NodeLike; readonly id: string; readonly state: FileView['state'] },
): Promise<boolean> => eventually(nodes, async () => (await fileOf(file.at, file.id))?.state === file.state);

/** Resolves when both sides know that the file is there. */
export async function fileArrives(from: NodeLike, to: NodeLike, id: string): Promise<void> {
  await fileReaches([from, to], { at: to, id, state: 'complete' });
  await fileReaches([from, to], { at: from, id, state: 'complete' });
}

/** Names of the sealed bytes that lie in the folder of the node. */
export function storedData({ dir, name }: MemoryNode): readonly string[] {
  const folder = join(dir, 'files', name);
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Bytes of files that the node gave over the wire. */
export const blobBytesFrom = (wire: Wire, name: string): number =>
  wire.passed.reduce(
    (sum, { from, operation }) => sum + (from === name && operation.op === 'blob' ? operation.bytes.length : 0),
    0,
  );

/** The time of the machine, and as much more as the test says. */
export class ShiftedClock implements Clock {
  shiftMs = 0;
  now = (): number => systemClock.now() + this.shiftMs;
  monotonic = (): number => systemClock.monotonic() + this.shiftMs;
  sleep: Clock['sleep'] = (ms, options) => systemClock.sleep(ms, options);
  alarm: Clock['alarm'] = (ms, ring) => systemClock.alarm(ms, ring);
  turn = (): Promise<void> => systemClock.turn();
}
