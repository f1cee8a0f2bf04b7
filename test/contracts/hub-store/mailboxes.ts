import { describe, expect, it } from 'vitest';
import { failure } from '../../support/failure.ts';
import {
  alice,
  append,
  bob,
  bounds,
  carol,
  type HubStoreHarness,
  mail,
  newFrameId,
  now,
  page,
  type RestartingHarness,
  useHubStore,
  withMembers,
} from './harness.ts';

export function hubMailboxContract(harness: HubStoreHarness): void {
  const open = useHubStore(harness);

  describe('a mailbox', () => {
    it('gives frames in the order in which they came, whoever sent them, and only its own', async () => {
      const store = await withMembers(await open());
      const { mailboxes } = store;
      const frames = [1, 2, 3].map((byte) => Uint8Array.of(byte));
      for (const frame of frames) await append(store, mail({ frame, at: now + (frame[0] ?? 0) }));
      await append(store, mail({ to: alice, from: bob }));
      const { items, more, after, epoch } = await mailboxes.read(bob, page);
      expect(items.map(({ frame }) => frame)).toEqual(frames);
      expect(items.map(({ at }) => at - now)).toEqual([1, 2, 3]);
      expect([more, after, epoch.length]).toEqual([false, 0, 16]);
      expect((await mailboxes.read(alice, page)).items).toHaveLength(1);
    });

    it('is read on from a place, so many frames or bytes at a time, but one at least', async () => {
      const store = await withMembers(await open());
      const { mailboxes } = store;
      for (let sent = 0; sent < 5; sent += 1) await append(store, mail());
      const first = await mailboxes.read(bob, { ...page, frames: 2 });
      expect([first.items.length, first.more]).toEqual([2, true]);
      const at = first.items[1]?.cursor ?? 0;
      const second = await mailboxes.read(bob, { epoch: first.epoch, after: at, frames: 10, bytes: 25 });
      expect([second.items.length, second.more, second.after]).toEqual([2, true, at]);
      const third = await mailboxes.read(bob, { epoch: first.epoch, after: at, frames: 10, bytes: 1 });
      expect([third.items.length, third.more]).toEqual([1, true]);
      const last = await mailboxes.read(bob, { ...page, epoch: first.epoch, after: second.items[1]?.cursor ?? 0 });
      expect([last.items.length, last.more]).toEqual([1, false]);
    });

    it('keeps what was read until it is acknowledged', async () => {
      const store = await withMembers(await open());
      const { mailboxes } = store;
      for (let sent = 0; sent < 3; sent += 1) await append(store, mail());
      const { items, epoch } = await mailboxes.read(bob, page);
      expect((await mailboxes.read(bob, page)).items).toEqual(items);
      expect(await mailboxes.ack(bob, { epoch, upTo: items[1]?.cursor ?? 0 })).toBe(2);
      expect((await mailboxes.read(bob, { ...page, epoch })).items).toEqual(items.slice(2));
      expect(await mailboxes.ack(alice, { epoch, upTo: items[2]?.cursor ?? 0 })).toBe(0);
      expect((await mailboxes.read(bob, page)).items).toHaveLength(1);
    });

    it('takes a frame of one sender once while it is there, and tells when it came first', async () => {
      const store = await withMembers(await open());
      const { mailboxes } = store;
      const once = mail();
      expect(await append(store, once)).toEqual({ kind: 'stored', at: now, owner: bob, isNew: true });
      const again = { kind: 'stored', at: now, owner: bob, isNew: false };
      expect(await append(store, { ...once, at: now + 5 })).toEqual(again);
      const { items, epoch } = await mailboxes.read(bob, page);
      expect(items).toHaveLength(1);
      await mailboxes.ack(bob, { epoch, upTo: items[0]?.cursor ?? 0 });
      expect(await append(store, { ...once, at: now + 9 })).toEqual({ ...again, at: now + 9, isNew: true });
      expect((await mailboxes.read(bob, page)).items).toHaveLength(1);
    });

    it('takes the same id of another sender, and for another agent, as another frame', async () => {
      const store = await withMembers(await open());
      const id = newFrameId();
      for (const from of [alice, carol]) expect(await append(store, mail({ id, from }))).toMatchObject({ isNew: true });
      expect(await append(store, mail({ id, to: alice, from: alice }))).toMatchObject({ isNew: true });
    });

    it('that nobody has takes nothing and gives nothing', async () => {
      const store = await withMembers(await open());
      const { mailboxes } = store;
      expect(await append(store, mail({ to: carol }))).toEqual({ kind: 'unknown' });
      expect((await failure(mailboxes.read(carol, page))).code).toBe('UNKNOWN_AGENT');
    });

    it.each([
      ['frames', { maxFrames: 2 }],
      ['bytes', { maxBytes: 29 }],
      ['frames of one sender', { maxFramesPerSender: 2 }],
      ['bytes of one sender', { maxBytesPerSender: 29 }],
    ])('is full at its number of %s, and has room again after an ack', async (_what, bound) => {
      const store = await withMembers(await open());
      const { mailboxes } = store;
      const one = (): ReturnType<typeof mail> => mail({ bounds: { ...bounds, ...bound } });
      const first = one();
      await append(store, first);
      await append(store, one());
      expect(await append(store, one())).toEqual({ kind: 'full' });
      expect(await append(store, first)).toMatchObject({ kind: 'stored', isNew: false });
      const { items, epoch } = await mailboxes.read(bob, page);
      await mailboxes.ack(bob, { epoch, upTo: items[0]?.cursor ?? 0 });
      expect(await append(store, one())).toMatchObject({ kind: 'stored' });
      expect(await append(store, one())).toEqual({ kind: 'full' });
    });

    it('that had no room for one frame has none for those behind it, so that their order is kept', async () => {
      const { mailboxes } = await withMembers(await open());
      const sized = (bytes: number) => mail({ frame: new Uint8Array(bytes), bounds: { ...bounds, maxBytes: 50 } });
      const mails = [sized(30), sized(30), sized(10), mail({ to: alice, from: bob })];
      const kinds = (await mailboxes.append(mails)).map(({ kind }) => kind);
      expect(kinds).toEqual(['stored', 'full', 'full', 'stored']);
      expect((await mailboxes.append(mails.slice(2)))[0]).toMatchObject({ kind: 'stored', isNew: true });
    });

    it('keeps its room for members: guests together have a small part, and one sender not all', async () => {
      const store = await withMembers(await open());
      await append(store, mail({ from: carol, isGuest: true }));
      const stranger = (from: typeof carol) => append(store, mail({ from, isGuest: true }));
      expect(await stranger(alice)).toMatchObject({ kind: 'stored' });
      expect(await stranger(carol)).toEqual({ kind: 'full' });
      for (let sent = 0; sent < 6; sent += 1)
        expect(await append(store, mail({ from: bob, to: bob }))).toMatchObject({ kind: 'stored' });
      expect(await append(store, mail({ from: bob, to: bob }))).toEqual({ kind: 'full' });
      expect(await append(store, mail({ from: alice }))).toMatchObject({ kind: 'stored' });
    });

    it('loses what expired, and knows what is still there', async () => {
      const store = await withMembers(await open());
      const { mailboxes } = store;
      const short = mail({ expiresAt: now + 10 });
      const long = mail({ expiresAt: now + 1000 });
      await append(store, short);
      await append(store, long);
      expect(await mailboxes.sweep(now + 9)).toBe(0);
      expect(await mailboxes.sweep(now + 10)).toBe(1);
      expect((await mailboxes.read(bob, page)).items).toHaveLength(1);
      expect(await append(store, { ...short, expiresAt: now + 20 })).toMatchObject({ isNew: true });
      expect(await append(store, long)).toMatchObject({ isNew: false });
      expect(await store.totals()).toMatchObject({ frames: 2, bytes: 20 });
    });

    it('answers a place that it did not give out from the beginning, and does not remove up to it', async () => {
      const store = await withMembers(await open());
      const { mailboxes } = store;
      for (let sent = 0; sent < 3; sent += 1) await append(store, mail());
      const { items, epoch } = await mailboxes.read(bob, page);
      const last = items[2]?.cursor ?? 0;
      const foreign = new Uint8Array(16).fill(1);
      for (const place of [{ after: 2 }, { epoch: foreign, after: 2 }, { epoch, after: last + 1 }]) {
        expect(await mailboxes.read(bob, { ...page, ...place })).toMatchObject({ after: 0, items });
      }
      expect(await mailboxes.ack(bob, { epoch: foreign, upTo: 2 })).toBe(0);
      expect(await mailboxes.ack(bob, { epoch, upTo: last + 1 })).toBe(0);
      expect(await mailboxes.ack(bob, { epoch, upTo: last })).toBe(3);
    });
  });
}

/** What outlives a process. */
export function hubRestartContract(harness: RestartingHarness): void {
  const open = useHubStore(harness);

  describe('a mailbox', () => {
    it('goes on after a restart, from the places that it had given out', async () => {
      const before = await withMembers(await open());
      for (let sent = 0; sent < 3; sent += 1) await append(before, mail());
      const { items, epoch } = await before.mailboxes.read(bob, page);
      const after = await harness.reopen(before);
      await append(after, mail());
      const place = { epoch, after: items[1]?.cursor ?? 0 };
      const next = await after.mailboxes.read(bob, { ...page, ...place });
      expect([next.after, next.items.length]).toEqual([place.after, 2]);
      expect(next.epoch).not.toEqual(epoch);
      expect(await after.mailboxes.ack(bob, { epoch, upTo: items[2]?.cursor ?? 0 })).toBe(3);
      await after.close();
    });

    it('restarted with an older database tells it to who read further', async () => {
      const store = await withMembers(await open());
      await append(store, mail());
      const restore = await harness.snapshot(store);
      for (let sent = 0; sent < 2; sent += 1) await append(store, mail());
      const { items, epoch } = await store.mailboxes.read(bob, page);
      const cursors = items.map(({ cursor }) => cursor);
      const older = await restore();
      for (let sent = 0; sent < 5; sent += 1) await append(older, mail());
      // What has the cursor of a lost frame now is another frame: it must not be skipped or removed.
      const ahead = { epoch, after: cursors[2] ?? 0 };
      expect(await older.mailboxes.read(bob, { ...page, ...ahead })).toMatchObject({ after: 0 });
      expect(await older.mailboxes.ack(bob, { epoch, upTo: cursors[2] ?? 0 })).toBe(0);
      const known = { epoch, after: cursors[0] ?? 0 };
      const next = await older.mailboxes.read(bob, { ...page, ...known });
      expect([next.after, next.items.length]).toEqual([known.after, 5]);
      await older.close();
    });
  });
}
