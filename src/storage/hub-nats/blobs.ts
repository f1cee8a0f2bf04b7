import { equalBytes, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { HubBlobs, StoredBlob } from '#hub';
import type { HubCore } from './hub-core.ts';
import type { HubIndex } from './hub-index.ts';
import { blobFields, type BlobRow } from './rows.ts';

/** When it was used last is written this often at most. */
const usedEveryMs = 3_600_000;
/** So many at once, so that others get their turn. */
const dropsAtOnce = 100;

/** Rows of the directory; what is in them of agents holds for who has their keys now, and not for who was evicted since. */
export class NatsBlobs implements HubBlobs {
  readonly #core: HubCore;

  constructor(core: HubCore) {
    this.#core = core;
  }

  open(wanted: Parameters<HubBlobs['open']>[0]): Promise<StoredBlob> {
    const { directory, index, run } = this.#core;
    return run(async () => {
      let opened: BlobRow | undefined;
      await directory().commit(() => {
        const found = copiesOf(index(), wanted.blob).find(({ owner }) => owner === wanted.owner);
        if (found !== undefined && found.size !== wanted.size)
          throw new MeshError('WRONG_STATE', `The blob has ${found.size} bytes, not ${wanted.size}`);
        const row = found ?? this.#newRow(wanted);
        const to = wanted.to.map((id) => index().presentId(id));
        const readers = [...new Set([...row.readers, ...to])];
        opened = { ...row, readers, usedAt: Math.max(row.usedAt, wanted.at) };
        const isSame = found !== undefined && readers.length === row.readers.length && opened.usedAt === row.usedAt;
        return isSame ? undefined : rowOf(opened);
      });
      return storedOf(opened ?? this.#newRow(wanted));
    });
  }

  complete(name: string): Promise<void> {
    return this.#change(name, (row) => (row.isComplete ? row : { ...row, isComplete: true }));
  }

  drop(name: string): Promise<void> {
    return this.#change(name, () => undefined);
  }

  dropOf(owner: AgentId, blob: Uint8Array): Promise<string | undefined> {
    const { directory, index, run } = this.#core;
    return run(async () => {
      let name: string | undefined;
      await directory().commit(() => {
        name = copiesOf(index(), blob).find((row) => row.owner === owner)?.name;
        return name === undefined ? undefined : { key: `blob.${name}`, row: undefined };
      });
      return name;
    });
  }

  find(blob: Uint8Array, reader: AgentId, at: number): Promise<StoredBlob | undefined> {
    return this.#core.run(async () => {
      const found = this.#readable(blob, reader) ?? (await this.#lookAgain(blob, reader));
      if (found !== undefined && at - found.usedAt > usedEveryMs)
        await this.#change(found.name, (row) => ({ ...row, usedAt: Math.max(row.usedAt, at) }));
      return found && storedOf(found);
    });
  }

  dropIdle(since: number): Promise<readonly string[]> {
    return this.#core.run(async () => {
      await this.#core.directory().catchUp();
      const idle = blobsOf(this.#core.index()).filter(({ usedAt }) => usedAt < since);
      const dropped: string[] = [];
      for (const { name } of idle.slice(0, dropsAtOnce)) {
        let isDropped = false;
        await this.#change(name, (row) => {
          isDropped = row.usedAt < since;
          return isDropped ? undefined : row;
        });
        if (isDropped) dropped.push(name);
      }
      return dropped;
    });
  }

  names(): Promise<readonly string[]> {
    return this.#core.run(async () => {
      await this.#core.directory().catchUp();
      return [...this.#core.index().blobs.keys()];
    });
  }

  async #lookAgain(blob: Uint8Array, reader: AgentId): Promise<BlobRow | undefined> {
    await this.#core.directory().catchUp();
    return this.#readable(blob, reader);
  }

  #readable(blob: Uint8Array, reader: AgentId): BlobRow | undefined {
    return copiesOf(this.#core.index(), blob).find(
      (row) => row.isComplete && (row.owner === reader || row.readers.includes(reader)),
    );
  }

  #change(name: string, change: (row: BlobRow) => BlobRow | undefined): Promise<void> {
    const { directory, index, run } = this.#core;
    return run(async () => {
      await directory().commit(() => {
        const raw = index().blobs.get(name);
        if (raw === undefined) return undefined;
        const row = seenBy(index(), raw);
        const changed = change(row);
        if (changed === row) return undefined;
        return changed === undefined ? { key: `blob.${name}`, row: undefined } : rowOf({ ...raw, ...changed });
      });
    });
  }

  #newRow({ blob, owner, size, at, name, maxBytes }: Parameters<HubBlobs['open']>[0]): BlobRow {
    const kept = bytesOfBlobs(this.#core.index()).get(owner) ?? 0;
    if (kept + size > maxBytes)
      throw new MeshError('FILES_FULL', `A blob of ${size} bytes exceeds the ${maxBytes} that an agent may keep here`);
    return { name, blob, owner, readers: [], size, isComplete: false, usedAt: at, putAt: this.#core.directory().seq };
  }
}

/** What each agent keeps. */
export function bytesOfBlobs(index: HubIndex): Map<AgentId, number> {
  const sums = new Map<AgentId, number>();
  for (const { owner, size } of blobsOf(index)) sums.set(owner, (sums.get(owner) ?? 0) + size);
  return sums;
}

const blobsOf = (index: HubIndex): BlobRow[] => [...index.blobs.values()].map((row) => seenBy(index, row));

/** What several agents put of the same blob. */
const copiesOf = (index: HubIndex, id: Uint8Array): BlobRow[] =>
  [...index.blobs.values()].filter(({ blob }) => equalBytes(blob, id)).map((row) => seenBy(index, row));

/** Under the ids of now. One whose owner was evicted goes with the next look for those that nobody uses. */
function seenBy(index: HubIndex, row: BlobRow): BlobRow {
  const owner = index.presentId(row.owner);
  const readers = row.readers.map((id) => index.presentId(id));
  if (index.holds(row.owner, row.putAt)) return { ...row, owner, readers };
  return { ...row, owner, readers, isComplete: false, usedAt: 0 };
}

const rowOf = (row: BlobRow): { key: string; row: ReturnType<typeof blobFields> } => ({
  key: `blob.${row.name}`,
  row: blobFields(row),
});

const storedOf = ({ name, size, isComplete }: BlobRow): StoredBlob => ({ name, size, isComplete });
