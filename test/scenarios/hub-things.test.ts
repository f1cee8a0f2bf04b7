import { describe, expect, it } from 'vitest';
import { defaultLimits, MeshError } from '#kernel';
import { BlobIdMaker, chunkIdOf } from '#protocol';
import type { Link } from '#link';
import { failure } from '../support/failure.ts';
import { HubWorld, type HubWorldOptions } from '../support/hub-world.ts';
import { alice, bob, countingBytes, mallory } from '../support/link-agents.ts';
import { MemoryBlobs } from '../support/memory-blobs.ts';

const refusal = async (work: Promise<unknown>): Promise<string> => (await failure(work)).code;
const chunkBytes = defaultLimits.blobChunkBytes + 16;
const piece = defaultLimits.blobPieceBytes;

async function opened(options: HubWorldOptions = {}) {
  const world = await HubWorld.open(options);
  return { world, sender: await world.member(alice, 'alice'), receiver: await world.member(bob, 'bob') };
}

/** A blob of sealed bytes, and its address. */
function blobOf(size: number) {
  const bytes = countingBytes(size, size);
  const maker = new BlobIdMaker();
  for (let at = 0; at < size; at += chunkBytes) maker.add(chunkIdOf([bytes.subarray(at, at + chunkBytes)]));
  return { bytes, blob: maker.end(), size };
}

type Blob = ReturnType<typeof blobOf>;
const putOf = ({ blob, size }: Blob, offset = 0) =>
  ({ op: 'blob.put', blob, to: [bob.agentId], offset, size }) as const;

async function upload(link: Link, { bytes, ...rest }: Blob, from = 0): Promise<number> {
  const pieces = [];
  for (let offset = from; offset < bytes.length; offset += piece) {
    const part = bytes.slice(offset, offset + piece);
    pieces.push(link.ask({ ...putOf({ bytes, ...rest }, offset), bytes: part }));
  }
  return (await Promise.all(pieces)).at(-1)?.have ?? 0;
}

async function download(link: Link, { blob, size }: Pick<Blob, 'blob' | 'size'>): Promise<Uint8Array> {
  const got: Uint8Array[] = [];
  for (let offset = 0; offset < size; offset += 524_288) {
    const bytes = Math.min(524_288, size - offset);
    await link.getBlob({ blob, offset, bytes, have: 0 }, (part) => got.push(part.slice()));
  }
  return Buffer.concat(got);
}

describe('a blob at a hub', () => {
  it.each([1, piece, 3 * piece + 7, chunkBytes + 5])('of %i bytes comes as it was put', async (size) => {
    const { sender, receiver } = await opened();
    const blob = blobOf(size);
    expect(await upload(sender, blob)).toBe(size);
    sender.close();
    expect(Buffer.compare(await download(receiver, blob), blob.bytes)).toBe(0);
  });

  it('is for its readers and who put it alone, and only when all of it is there', async () => {
    const { world, sender, receiver } = await opened();
    const blob = blobOf(2 * piece);
    await sender.ask({ ...putOf(blob), bytes: blob.bytes.slice(0, piece) });
    expect(await refusal(download(receiver, blob))).toBe('NOT_FOUND');
    await upload(sender, blob, piece);
    const other = await world.member(mallory, 'mallory');
    expect(await refusal(download(other, blob))).toBe('NOT_FOUND');
    expect((await download(sender, blob)).length).toBe(blob.size);
    const past = { blob: blob.blob, offset: blob.size - 1, bytes: 2, have: 0 };
    expect(await refusal(receiver.getBlob(past, () => {}))).toBe('NOT_FOUND');
  });

  it('goes on where it ended, over another link too: a piece for another place is not taken', async () => {
    const { world, sender, receiver } = await opened();
    const blob = blobOf(3 * piece);
    await sender.ask({ ...putOf(blob), bytes: blob.bytes.slice(0, piece) });
    const gap = await sender.ask({ ...putOf(blob, 2 * piece), bytes: blob.bytes.slice(2 * piece) });
    expect(gap.have).toBe(piece);
    const again = await world.link(alice);
    const { have } = await again.ask(putOf(blob));
    expect(have).toBe(piece);
    expect(await upload(again, blob, have)).toBe(blob.size);
    expect((await again.ask(putOf(blob))).have).toBe(blob.size);
    expect((await download(receiver, blob)).length).toBe(blob.size);
  });

  it('that is not what its address says is dropped, and can be put again', async () => {
    const { world, sender, receiver } = await opened();
    const blob = blobOf(2 * piece);
    const spoiled = { ...blob, bytes: blob.bytes.slice().fill(0, piece, piece + 1) };
    expect(await refusal(upload(sender, spoiled))).toBe('FILE_DAMAGED');
    expect(await world.files.list()).toEqual([]);
    expect(await refusal(download(receiver, blob))).toBe('NOT_FOUND');
    expect(await upload(sender, blob)).toBe(blob.size);
  });

  it('goes when who put it says so, and nobody else can say so', async () => {
    const { world, sender, receiver } = await opened();
    const blob = blobOf(2 * piece);
    await upload(sender, blob);
    await receiver.ask({ op: 'blob.drop', blob: blob.blob });
    expect((await download(receiver, blob)).length).toBe(blob.size);
    const guest = await world.link(mallory);
    expect(await refusal(guest.ask({ op: 'blob.drop', blob: blob.blob }))).toBe('NOT_ADMITTED');
    await sender.ask({ ...putOf(blobOf(piece)), bytes: blobOf(piece).bytes.slice(0, 10) });
    await sender.ask({ op: 'blob.drop', blob: blob.blob });
    await sender.ask({ op: 'blob.drop', blob: blobOf(piece).blob });
    expect(await refusal(download(receiver, blob))).toBe('NOT_FOUND');
    expect([await world.files.list(), world.files.handles]).toEqual([[], 0]);
    expect(await upload(sender, blob)).toBe(blob.size);
  });

  it('whose bytes were lost is put again', async () => {
    const { world, sender, receiver } = await opened();
    const blob = blobOf(2 * piece);
    await upload(sender, blob);
    const [name = ''] = await world.files.list();
    await world.files.remove(name);
    expect((await sender.ask(putOf(blob))).have).toBe(0);
    expect(await upload(sender, blob)).toBe(blob.size);
    expect((await download(receiver, blob)).length).toBe(blob.size);
  });

  it('that never ends is bounded by what a member may keep', async () => {
    const { sender } = await opened({ limits: { maxHubBlobBytes: 100_000 } });
    const endless = { op: 'blob.put', blob: new Uint8Array(32), to: [bob.agentId], offset: 0 } as const;
    const bytes = new Uint8Array(piece);
    expect(await refusal(sender.ask({ ...endless, size: 1e12, bytes }))).toBe('FILES_FULL');
    await sender.ask({ ...endless, size: 90_000, bytes });
    const more = { ...endless, offset: piece, size: 90_000, bytes };
    expect((await sender.ask(more)).have).toBe(piece);
    const next = { ...endless, blob: new Uint8Array(32).fill(1), size: 20_000, bytes: bytes.slice(0, 100) };
    expect(await refusal(sender.ask(next))).toBe('FILES_FULL');
  });

  it('does not take the last room of the disk', async () => {
    const files = new MemoryBlobs();
    const { sender } = await opened({ files });
    files.free = defaultLimits.keepFreeDiskBytes;
    expect(await refusal(upload(sender, blobOf(10)))).toBe('STORE_FULL');
  });

  it('goes when nobody has asked for it for long, and so does what a crash left', async () => {
    const files = new MemoryBlobs();
    await files.create('0'.repeat(32));
    const { world, sender, receiver } = await opened({ files });
    expect(await files.list()).toEqual([]);
    const blob = blobOf(10);
    await upload(sender, blob);
    expect(await files.list()).toHaveLength(1);
    await world.clock.advance(world.limits.hubSweepMs);
    expect((await download(receiver, blob)).length).toBe(10);
    world.clock.jump(world.limits.hubBlobKeptMs + 1);
    await world.clock.advance(world.limits.hubSweepMs);
    for (let turns = 0; turns < 5; turns += 1) await world.clock.turn();
    expect(await files.list()).toEqual([]);
  });

  it('leaves no file open, however the link ends', async () => {
    const { world, sender } = await opened();
    for (let n = 0; n < 10; n += 1) {
      const blob = { ...putOf(blobOf(100)), blob: new Uint8Array(32).fill(n) };
      await sender.ask({ ...blob, bytes: new Uint8Array(10) });
    }
    expect(world.files.handles).toBeLessThanOrEqual(world.limits.maxHubUploads);
    sender.close();
    for (let turns = 0; turns < 5; turns += 1) await world.clock.turn();
    expect(world.files.handles).toBe(0);
  });
});

describe('a disk that fails while a blob comes', () => {
  it('ends that upload alone, and the hub goes on', async () => {
    const files = new MemoryBlobs();
    const create = files.create.bind(files);
    files.create = async (name) => ({
      ...(await create(name)),
      close: () => Promise.reject(new MeshError('STORE_FULL')),
    });
    const { world, sender, receiver } = await opened({ files });
    files.free = defaultLimits.keepFreeDiskBytes + 10 * piece;
    const blob = blobOf(2 * piece);
    await sender.ask({ ...putOf(blob), bytes: blob.bytes.slice(0, piece) });
    files.free = 0;
    expect(await refusal(sender.ask({ ...putOf(blob, piece), bytes: blob.bytes.slice(piece) }))).toBe('STORE_FULL');
    sender.close();
    for (let turns = 0; turns < 5; turns += 1) await world.clock.turn();
    expect((await receiver.ask({ op: 'presence', agents: [alice.agentId] })).online).toEqual([]);
  });
});

describe('a room at a hub', () => {
  const room = new Uint8Array(32).fill(1);
  const roster = { members: [alice.agentId, bob.agentId], owners: [alice.agentId] };
  const append = (epoch: number, byte = epoch) =>
    ({ op: 'room.append', room, epoch, bytes: Uint8Array.of(byte) }) as const;

  it('gives an epoch to whoever commits first, and the winner’s bytes to the other', async () => {
    const { sender, receiver } = await opened();
    await sender.ask({ op: 'room.create', room, ...roster });
    const [mine, theirs] = await Promise.all([sender.ask(append(0, 1)), receiver.ask(append(0, 2))]);
    const won = [mine, theirs].filter(({ op }) => op === 'room.appended');
    expect(won).toHaveLength(1);
    const lost = mine.op === 'room.taken' ? mine : theirs;
    expect(lost).toMatchObject({ op: 'room.taken', seq: 1, bytes: Uint8Array.of(mine === lost ? 2 : 1) });
    await receiver.ask(append(1));
    const { entries, more } = await receiver.ask({ op: 'room.read', room, after: 0 });
    expect([entries.map(({ seq, epoch }) => [seq, epoch]), more]).toEqual([
      [
        [1, 0],
        [2, 1],
      ],
      false,
    ]);
  });

  it('is there for its members alone, and only owners change them', async () => {
    const { world, sender, receiver } = await opened();
    await sender.ask({ op: 'room.create', room, ...roster });
    const other = await world.member(mallory, 'mallory');
    const read = { op: 'room.read', room, after: 0 } as const;
    expect(await refusal(other.ask(read))).toBe('NOT_FOUND');
    expect(await refusal(other.ask(append(0)))).toBe('NOT_FOUND');
    const widened = { members: [...roster.members, mallory.agentId], owners: roster.owners };
    expect(await refusal(receiver.ask({ op: 'room.members', room, ...widened }))).toBe('NOT_PERMITTED');
    await sender.ask({ op: 'room.members', room, ...widened });
    expect((await other.ask(read)).entries).toEqual([]);
    expect(await refusal(other.ask({ op: 'room.create', room, ...roster }))).toBe('NOT_PERMITTED');
    const stolen = { members: [mallory.agentId], owners: [mallory.agentId] };
    expect(await refusal(other.ask({ op: 'room.create', room, ...stolen }))).toBe('NAME_TAKEN');
  });

  it('is read in as many answers as its size takes', async () => {
    const { sender } = await opened();
    await sender.ask({ op: 'room.create', room, ...roster });
    for (let epoch = 0; epoch < 4; epoch += 1)
      await sender.ask({ op: 'room.append', room, epoch, bytes: new Uint8Array(200_000) });
    const first = await sender.ask({ op: 'room.read', room, after: 0 });
    expect([first.entries.length, first.more]).toEqual([2, true]);
    const second = await sender.ask({ op: 'room.read', room, after: 2 });
    expect([second.entries.length, second.more]).toEqual([2, false]);
  });
});
