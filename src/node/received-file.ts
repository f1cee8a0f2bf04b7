import { type FileHandle, open, rm } from 'node:fs/promises';
import { MeshError } from '#kernel';
import type { Message } from '#protocol';
import type { AgentHost } from './agent-host.ts';

/** A file of a message that came in, inside or beside it. */
export interface ReceivedFile {
  /** As the sender named it: data, never a path. */
  readonly name: string;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  /** Its bytes, each part verified before it is given. Throws FILE_INCOMPLETE, FILE_GONE, FILE_DAMAGED. */
  stream(): AsyncIterable<Uint8Array>;
  /** Writes it to a path that must not exist yet; of a file that turns out to be damaged nothing stays. */
  saveTo(path: string): Promise<void>;
}

/** The files of the message, in the order of its attachments; links are not among them. */
export function receivedFiles(host: AgentHost, message: Message): readonly ReceivedFile[] {
  return (message.payload.attachments ?? []).flatMap((attachment, place) => {
    if (attachment.kind === 'url') return [];
    const { name, mediaType } = attachment;
    if (attachment.kind === 'inline') {
      const { bytes } = attachment;
      return fileOf({ name, mediaType, size: bytes.length }, async function* () {
        yield bytes;
      });
    }
    return fileOf({ name, mediaType, size: attachment.size }, async function* () {
      const row = rowOf(host, message, place);
      await using file = await host.files.openFile(row, attachment);
      yield* file.chunks();
    });
  });
}

function fileOf(
  facts: Pick<ReceivedFile, 'name' | 'mediaType' | 'size'>,
  stream: () => AsyncGenerator<Uint8Array>,
): ReceivedFile {
  return { ...facts, stream, saveTo: (path) => save(stream(), path) };
}

function rowOf({ agent, desk }: AgentHost, { id, from }: Message, place: number) {
  const owner = { agent: agent.name, peer: from, direction: 'in' } as const;
  const row = desk.ports.store.read.files.ofMessage(owner, id).find((one) => one.place === place);
  if (row === undefined) throw new MeshError('FILE_GONE');
  return row;
}

async function save(bytes: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const file = await create(path);
  try {
    for await (const part of bytes) await file.writeFile(part);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** `wx` also refuses to follow a link that lies there. */
async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code !== 'EEXIST') throw new MeshError('INVALID_ARGUMENT', `${path} cannot be written: ${code}`, { cause });
    throw new MeshError('INVALID_ARGUMENT', `${path} exists already`, { cause, hint: 'Name another path.' });
  }
}
