import { describe, expect, it } from 'vitest';
import type { HubStore } from '#hub';
import { failure } from '../../support/failure.ts';
import { alice, bob, carol, dora, type HubStoreHarness, now, useHubStore, withMembers } from './harness.ts';

const refusal = async (work: Promise<unknown>): Promise<string> => (await failure(work)).code;
const room = new Uint8Array(32).fill(9);
const roomBounds = { maxRoomsPerAgent: 2, maxEntries: 3, maxBytes: 100 };
const roster = { members: [alice, bob], owners: [alice] };
const newRoom = { room, by: alice, roster, at: now, bounds: roomBounds };
const entry = (epoch: number, from = alice, bytes = Uint8Array.of(epoch)) => ({
  room,
  from,
  epoch,
  bytes,
  at: now,
  bounds: roomBounds,
});
const read = { room, by: bob, after: 0, limit: 10, maxBytes: 1000 };
const blob = new Uint8Array(32).fill(3);
const newBlob = { blob, owner: alice, to: [bob], size: 60, at: now, name: 'a', maxBytes: 100 };

export function hubThingsContract(harness: HubStoreHarness): void {
  const open = useHubStore(harness);

  describe('key packages', () => {
    const packages = [1, 2, 3].map((byte) => Uint8Array.of(byte));

    it('are handed out once each, the oldest first, then the last resort for ever', async () => {
      const { keyPackages } = await withMembers(await open());
      expect(await keyPackages.take(bob)).toBeUndefined();
      expect(await keyPackages.put(bob, { packages, lastResort: Uint8Array.of(9), max: 10 })).toBe(3);
      const taken = [];
      for (let times = 0; times < 5; times += 1) taken.push((await keyPackages.take(bob))?.[0]);
      expect(taken).toEqual([1, 2, 3, 9, 9]);
      expect(await keyPackages.take(alice)).toBeUndefined();
    });

    it('that were handed out or are there are not taken again, and no more than there may be', async () => {
      const { keyPackages } = await withMembers(await open());
      await keyPackages.put(bob, { packages, max: 10 });
      await keyPackages.take(bob);
      expect(await keyPackages.put(bob, { packages, max: 10 })).toBe(2);
      expect(await keyPackages.put(bob, { packages: [Uint8Array.of(4), Uint8Array.of(5)], max: 3 })).toBe(3);
      expect(await refusal(keyPackages.put(carol, { packages, max: 10 }))).toBe('UNKNOWN_AGENT');
    });

    it('go to one asker each, however many ask at once', async () => {
      const { keyPackages } = await withMembers(await open());
      const many = Array.from({ length: 20 }, (_, byte) => Uint8Array.of(byte));
      await keyPackages.put(bob, { packages: many, max: 100 });
      const taken = await Promise.all(many.map(() => keyPackages.take(bob)));
      expect(new Set(taken.map((bytes) => bytes?.[0])).size).toBe(20);
    });
  });

  describe('a room', () => {
    const made = async (): Promise<HubStore> => {
      const store = await withMembers(await open());
      await store.rooms.create(newRoom);
      return store;
    };

    it('belongs to who made it: the same again does nothing, another is refused', async () => {
      const { rooms } = await made();
      await rooms.create(newRoom);
      const other = { members: [bob], owners: [bob] };
      expect(await refusal(rooms.create({ ...newRoom, by: bob, roster: other }))).toBe('NAME_TAKEN');
      expect(await refusal(rooms.create({ ...newRoom, roster: other }))).toBe('NAME_TAKEN');
      await rooms.create({ ...newRoom, room: Uint8Array.of(1) });
      expect(await refusal(rooms.create({ ...newRoom, room: Uint8Array.of(2) }))).toBe('HUB_FULL');
    });

    it('takes one entry for an epoch: who comes second gets the first one', async () => {
      const { rooms } = await made();
      const [first, second] = await Promise.all([
        rooms.append(entry(4)),
        rooms.append(entry(4, bob, Uint8Array.of(99))),
      ]);
      expect(first).toEqual({ kind: 'appended', seq: 1 });
      expect(second).toEqual({ kind: 'taken', seq: 1, bytes: Uint8Array.of(4) });
      expect(await rooms.append(entry(5, bob))).toEqual({ kind: 'appended', seq: 2 });
      expect(await rooms.append(entry(4))).toEqual({ kind: 'appended', seq: 1 });
      expect(await rooms.append(entry(4, bob))).toMatchObject({ kind: 'taken' });
      expect(await refusal(rooms.append(entry(7)))).toBe('WRONG_STATE');
      expect(await refusal(rooms.append(entry(3)))).toBe('WRONG_STATE');
    });

    it('is read by members in order, page by page, and does not exist for others', async () => {
      const { rooms } = await made();
      for (const epoch of [0, 1, 2]) await rooms.append(entry(epoch));
      const first = await rooms.read({ ...read, limit: 2 });
      expect([first.entries.map(({ seq, epoch }) => [seq, epoch]), first.more]).toEqual([
        [
          [1, 0],
          [2, 1],
        ],
        true,
      ]);
      expect(first.entries[0]).toEqual({ seq: 1, epoch: 0, from: alice, at: now, bytes: Uint8Array.of(0) });
      expect(await rooms.read({ ...read, after: 2 })).toMatchObject({ entries: [{ seq: 3 }], more: false });
      expect((await rooms.read({ ...read, maxBytes: 1 })).entries).toHaveLength(1);
      expect(await refusal(rooms.read({ ...read, by: carol }))).toBe('NOT_FOUND');
      expect(await refusal(rooms.append(entry(3, carol)))).toBe('NOT_FOUND');
      expect(await refusal(rooms.read({ ...read, room: Uint8Array.of(1) }))).toBe('NOT_FOUND');
    });

    it('changes its members by the word of an owner alone', async () => {
      const { rooms } = await made();
      await rooms.append(entry(0));
      const change = { room, roster: { members: [alice, carol], owners: [carol] } };
      expect(await refusal(rooms.change({ ...change, by: bob }))).toBe('NOT_PERMITTED');
      expect(await refusal(rooms.change({ ...change, by: carol }))).toBe('NOT_FOUND');
      await rooms.change({ ...change, by: alice });
      expect(await refusal(rooms.read(read))).toBe('NOT_FOUND');
      expect((await rooms.read({ ...read, by: carol })).entries).toHaveLength(1);
      expect(await refusal(rooms.change({ ...change, by: alice }))).toBe('NOT_PERMITTED');
    });

    it('is full at its number of entries and bytes', async () => {
      const { rooms } = await made();
      await rooms.append(entry(0, alice, new Uint8Array(60)));
      expect(await refusal(rooms.append(entry(1, alice, new Uint8Array(41))))).toBe('HUB_FULL');
      for (const epoch of [1, 2]) await rooms.append(entry(epoch));
      expect(await refusal(rooms.append(entry(3)))).toBe('HUB_FULL');
    });

    it('follows its members to their new keys', async () => {
      const store = await made();
      await store.agents.move(alice, dora);
      await store.rooms.append(entry(0, dora));
      const moved = { members: [alice, bob], owners: [alice] };
      await store.rooms.change({ room, by: dora, roster: moved });
      expect((await store.rooms.read({ ...read, by: dora })).entries).toHaveLength(1);
      expect(await refusal(store.rooms.read({ ...read, by: alice }))).toBe('NOT_FOUND');
    });
  });

  describe('a blob', () => {
    it('is dropped by who put it, for that one alone', async () => {
      const { blobs } = await withMembers(await open());
      await blobs.open(newBlob);
      await blobs.complete('a');
      await blobs.open({ ...newBlob, owner: bob, to: [alice], name: 'b' });
      expect(await blobs.dropOf(carol, blob)).toBeUndefined();
      expect(await blobs.dropOf(alice, blob)).toBe('a');
      expect(await blobs.dropOf(alice, blob)).toBeUndefined();
      expect(await blobs.names()).toEqual(['b']);
      expect(await blobs.open({ ...newBlob, name: 'c', size: 100 })).toMatchObject({ name: 'c', isComplete: false });
    });

    it('is for who put it and for whom it was put, once it is complete', async () => {
      const { blobs } = await withMembers(await open());
      expect(await blobs.open(newBlob)).toEqual({ name: 'a', size: 60, isComplete: false });
      expect(await blobs.find(blob, bob, now)).toBeUndefined();
      await blobs.complete('a');
      for (const reader of [alice, bob]) expect(await blobs.find(blob, reader, now)).toMatchObject({ name: 'a' });
      expect(await blobs.find(blob, carol, now)).toBeUndefined();
      expect(await blobs.open({ ...newBlob, to: [carol], name: 'b' })).toEqual({
        name: 'a',
        size: 60,
        isComplete: true,
      });
      expect(await blobs.find(blob, carol, now)).toMatchObject({ name: 'a' });
      expect(await refusal(blobs.open({ ...newBlob, size: 61 }))).toBe('WRONG_STATE');
    });

    it('counts against who put it, and another copy is another matter', async () => {
      const { blobs } = await withMembers(await open());
      await blobs.open(newBlob);
      const other = { ...newBlob, blob: new Uint8Array(32), name: 'b' };
      expect(await refusal(blobs.open({ ...other, size: 41 }))).toBe('FILES_FULL');
      await blobs.open({ ...other, size: 40 });
      expect(await blobs.open({ ...newBlob, owner: bob, name: 'c' })).toMatchObject({ name: 'c' });
      await blobs.drop('a');
      await blobs.open({ ...newBlob, name: 'd' });
      expect((await blobs.names()).toSorted()).toEqual(['b', 'c', 'd']);
    });

    it('goes when nobody asked for it for long', async () => {
      const { blobs } = await withMembers(await open());
      const day = 86_400_000;
      await blobs.open(newBlob);
      await blobs.complete('a');
      await blobs.open({ ...newBlob, owner: bob, name: 'b' });
      await blobs.find(blob, alice, now + day);
      expect(await blobs.dropIdle(now + 1)).toEqual(['b']);
      expect(await blobs.dropIdle(now + day + 1)).toEqual(['a']);
      expect(await blobs.find(blob, alice, now)).toBeUndefined();
    });

    it('goes with its owner', async () => {
      const store = await withMembers(await open());
      await store.blobs.open(newBlob);
      await store.blobs.complete('a');
      await store.agents.evict(alice);
      expect(await store.blobs.find(blob, bob, now)).toBeUndefined();
      expect(await store.blobs.dropIdle(1)).toEqual(['a']);
    });
  });

  describe('a store', () => {
    it('does works that come together as if they came one after another', async () => {
      const store = await withMembers(await open());
      const rooms = Array.from({ length: 10 }, (_, n) => store.rooms.create({ ...newRoom, room: Uint8Array.of(n) }));
      const ends = await Promise.allSettled(rooms);
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
      expect((await store.totals()).rooms).toBe(2);
    });

    it('takes nothing more once it is closed, and can be closed twice', async () => {
      const store = await withMembers(await open());
      await Promise.all([store.close(), store.close()]);
      expect(await refusal(store.agents.evict(alice))).toBe('SHUTTING_DOWN');
      expect(await refusal(store.agents.find(alice))).toBe('SHUTTING_DOWN');
    });
  });
}
