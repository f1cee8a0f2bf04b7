import { encodeCbor, MeshError } from '#kernel';
import type { HubBlobFile, HubBlobFiles } from '#hub';
import { fieldsOf, int } from './fields.ts';
import type { HubCore } from './hub-core.ts';
import type { Stored } from './stored.ts';

/** Nothing that could be a pattern of subjects. */
const nameForm = /^[0-9a-f]{32}$/;

interface Piece {
  readonly seq: number;
  readonly id: string;
  readonly offset: number;
  readonly size: number;
}

/**
 * The bytes of blobs as messages, one a piece, so that every process of a hub has them. A piece names its offset, and counts when it begins
 * where those before it end: two processes that put the same blob at once write the same pieces, and the second of each is nothing.
 */
export class NatsBlobPieces implements HubBlobFiles {
  readonly #core: HubCore;

  constructor(core: HubCore) {
    this.#core = core;
  }

  async create(name: string): Promise<HubBlobFile> {
    return new PieceFile(this.#core, checked(name));
  }

  open(name: string): Promise<HubBlobFile | undefined> {
    return this.#core.run(async () => {
      const file = new PieceFile(this.#core, checked(name));
      return (await file.size()) === 0 ? undefined : file;
    });
  }

  remove(name: string): Promise<void> {
    const { client, layout, run } = this.#core;
    return run(() => client.purge(layout.blobs, layout.blobSubject(checked(name))));
  }

  list(): Promise<readonly string[]> {
    const { client, layout, run } = this.#core;
    return run(async () =>
      [...(await client.subjects(layout.blobs, '>')).keys()].map((subject) => subject.split('.').at(-1) ?? ''),
    );
  }

  /** Of what the account may keep. Without a limit only the servers' disks are one, and they say so when they are full. */
  freeBytes(): Promise<number> {
    const { client, run } = this.#core;
    return run(async () => {
      const { limits, storage } = await client.retried(() => client.manager.getAccountInfo());
      return limits.max_storage < 0 ? Number.MAX_SAFE_INTEGER : Math.max(0, limits.max_storage - storage);
    });
  }
}

class PieceFile implements HubBlobFile {
  readonly #core: HubCore;
  readonly #subject: string;
  readonly #pieces: Piece[] = [];
  #last = 0;
  #end = 0;

  constructor(core: HubCore, name: string) {
    this.#core = core;
    this.#subject = core.layout.blobSubject(name);
  }

  size(): Promise<number> {
    return this.#core.run(async () => {
      const { client, layout } = this.#core;
      const read = { stream: layout.blobs, subject: this.#subject, from: this.#last + 1, headersOnly: true };
      for await (const stored of client.readAll(read)) this.#take(stored);
      return this.#end;
    });
  }

  read(offset: number, parts: readonly Uint8Array[]): Promise<number> {
    return this.#core.run(async () => {
      const wanted = parts.reduce((sum, part) => sum + part.length, 0);
      if (offset + wanted > this.#end) await this.size();
      const end = Math.min(this.#end, offset + wanted);
      if (end <= offset) return 0;
      const all = Buffer.alloc(end - offset);
      const inside = this.#pieces.filter((piece) => piece.offset < end && piece.offset + piece.size > offset);
      await Promise.all(
        inside.map(async ({ seq, offset: start, ...piece }) => {
          const isPiece = ({ id, data }: Stored): boolean => id === piece.id && data.length === piece.size;
          const stored = await this.#core.client.at(this.#core.layout.blobs, seq, isPiece);
          if (stored === undefined) throw new MeshError('NOT_FOUND');
          const from = Math.max(0, offset - start);
          all.set(stored.data.subarray(from, Math.max(from, end - start)), start + from - offset);
        }),
      );
      let done = 0;
      for (const part of parts) {
        part.set(all.subarray(done, done + part.length));
        done = Math.min(all.length, done + part.length);
      }
      return all.length;
    });
  }

  write(offset: number, parts: readonly Uint8Array[]): Promise<void> {
    return this.#core.run(async () => {
      const data = Buffer.concat(parts);
      if (offset !== this.#end) await this.size();
      // Somebody else wrote it meanwhile; whether it is the same the address of the whole will say.
      if (offset + data.length <= this.#end) return;
      if (offset !== this.#end)
        throw new MeshError('INTERNAL', `A blob is written in order: it has ${this.#end} bytes, not ${offset}`);
      const { client, layout } = this.#core;
      const meta = encodeCbor({ offset, size: data.length });
      await client.publish({ stream: layout.blobs, subject: this.#subject, id: client.newId(), meta, data });
      await this.size();
    });
  }

  /** What was written was confirmed. */
  async sync(): Promise<void> {}

  async close(): Promise<void> {}

  #take({ seq, id, meta }: Stored): void {
    this.#last = seq;
    const fields = fieldsOf(meta);
    const [offset, size] = [int(fields, 'offset'), int(fields, 'size')];
    if (offset !== this.#end) return;
    this.#pieces.push({ seq, id, offset, size });
    this.#end += size;
  }
}

function checked(name: string): string {
  if (nameForm.test(name)) return name;
  throw new MeshError('INTERNAL', 'The name of a stored blob must be 32 hex digits');
}
