import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { BlobSource } from '../../test/support/blob-source.ts';
import { Receiver, type Sent, sentFile, smallLimits } from '../../test/support/fetching.ts';
import { until } from '../../test/support/story.ts';

const receivers: Receiver[] = [];

function receiver(): Receiver {
  const made = new Receiver();
  receivers.push(made);
  return made;
}

afterEach(async () => {
  for (const one of receivers.splice(0)) await one.fetcher.close();
});

const sourceOf = (...files: readonly Sent[]): BlobSource =>
  new BlobSource(files.map(({ blob, sealed }) => [blob, sealed] as const));

const isWhole = (bob: Receiver, { wanted, sealed }: Sent): boolean =>
  Buffer.from(bob.blobs.bytesOf(wanted.row.data ?? '')).equals(sealed);

describe('a file that is fetched', () => {
  it.each([0, 1, 999, 1000, 1001, 12_345])(
    'arrives whole with %i bytes, none of them asked for twice',
    async (size) => {
      const [file, bob] = [await sentFile(1, size), receiver()];
      const alice = sourceOf(file);
      bob.want(file);
      bob.use(alice);
      await bob.settled();
      expect([bob.arrived, bob.lost, isWhole(bob, file), alice.given]).toEqual([[1], [], true, file.sealed.length]);
      await bob.fetcher.close();
      expect(bob.blobs.handles).toBe(0);
    },
  );

  it('is counted only as far as it is on the disk', async () => {
    const [file, bob] = [await sentFile(1, 20_000), receiver()];
    bob.want(file);
    bob.use(sourceOf(file));
    await bob.settled();
    expect(bob.countedTo.length).toBeGreaterThan(2);
    expect(bob.countedTo.filter((beyond) => beyond <= 0)).toEqual([]);
  });

  it('goes on over the next link where the last one broke, at the very byte', async () => {
    const [file, bob] = [await sentFile(1, 10_000), receiver()];
    bob.want(file);
    let given = 0;
    for (const until_ of [1, 1500, 350, 0, 4100]) {
      const link = sourceOf(file);
      link.givesUntil = until_;
      bob.use(link);
      await until(() => link.asks.length > 0 && link.given + link.pieceBytes > until_);
      given += link.given;
    }
    const last = sourceOf(file);
    bob.use(last);
    await bob.settled();
    expect(isWhole(bob, file)).toBe(true);
    expect(given + last.given).toBe(file.sealed.length);
  });

  it('goes on after a crash with every whole chunk that was written, counted or not', async () => {
    const [file, bob] = [await sentFile(1, 20_000), receiver()];
    const first = sourceOf(file);
    first.givesUntil = 8700;
    bob.want(file);
    bob.use(first);
    await until(() => bob.blobs.bytesOf('data-1').length === 8 * 1016);
    expect(bob.haveOf(1)).toBeLessThan(8);
    bob.restart();
    const second = sourceOf(file);
    bob.use(second);
    await bob.settled();
    expect(second.asks[0]?.offset).toBe(8 * 1016);
    expect(second.given).toBe(file.sealed.length - 8 * 1016);
    expect(isWhole(bob, file)).toBe(true);
  });

  it.each([
    ['arrives', undefined],
    ['does not arrive', new Error('the database is closed')],
  ])(
    'that is whole when its fetcher is closed %s before that resolves, and nothing is told later',
    async (_, error) => {
      const [file, bob] = [await sentFile(1, 5000), receiver()];
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      bob.beforeArrived = promise;
      bob.want(file);
      bob.use(sourceOf(file));
      await until(() => bob.haveOf(1) === 5);
      const news = bob.news;
      let isClosed = false;
      const closed = bob.fetcher.close().then(() => (isClosed = true));
      for (let n = 0; n < 20; n += 1) await turn();
      expect(isClosed).toBe(false);
      if (error === undefined) resolve();
      else reject(error);
      await closed;
      expect([bob.arrived, bob.news - news]).toEqual([error === undefined ? [1] : [], 0]);
    },
  );

  it('asks again after a power cut for what was not on the disk, and for nothing else', async () => {
    const [file, bob] = [await sentFile(1, 20_000), receiver()];
    const first = sourceOf(file);
    first.givesUntil = 8700;
    bob.want(file);
    bob.use(first);
    await until(() => bob.blobs.bytesOf('data-1').length === 8 * 1016);
    const counted = bob.haveOf(1);
    expect(counted).toBeGreaterThan(0);
    bob.restart(bob.blobs.afterPowerCut());
    const second = sourceOf(file);
    bob.use(second);
    await bob.settled();
    expect(second.asks[0]?.offset).toBeGreaterThanOrEqual(counted * 1016);
    expect(isWhole(bob, file)).toBe(true);
  });

  it('asks for everything again when its bytes are gone, whatever was counted', async () => {
    const [file, bob] = [await sentFile(1, 5000), receiver()];
    const first = sourceOf(file);
    first.givesUntil = 4100;
    bob.want(file);
    bob.use(first);
    await until(() => bob.haveOf(1) > 0);
    await bob.blobs.remove('data-1');
    bob.restart();
    bob.use(sourceOf(file));
    await bob.settled();
    expect([bob.arrived, isWhole(bob, file)]).toEqual([[1], true]);
  });

  it('waits while the disk is full, says so, and goes on when there is room', async () => {
    const [file, bob] = [await sentFile(1, 10_000), receiver()];
    bob.blobs.free = 4000;
    bob.want(file);
    const alice = sourceOf(file);
    bob.use(alice);
    await until(() => bob.fetcher.reasonOf(1) === 'STORE_FULL');
    for (let n = 0; n < 3; n += 1) await bob.clock.advance(smallLimits.blobMaxRetryMs * 2);
    expect([bob.arrived, bob.fetcher.reasonOf(1)]).toEqual([[], 'STORE_FULL']);
    bob.blobs.free = 1_000_000;
    const settled = bob.settled();
    await bob.clock.advance(smallLimits.blobMaxRetryMs * 2);
    await settled;
    expect([bob.arrived, isWhole(bob, file)]).toEqual([[1], true]);
  });

  it('leaves room on the disk for other things', async () => {
    const [file, bob] = [await sentFile(1, 3000), receiver()];
    bob.blobs.free = -1;
    bob.want(file);
    const alice = sourceOf(file);
    bob.use(alice);
    await until(() => bob.fetcher.reasonOf(1) === 'STORE_FULL');
    expect(alice.asks).toEqual([]);
  });

  it('waits while the store takes nothing, and goes on', async () => {
    const [file, bob] = [await sentFile(1, 10_000), receiver()];
    bob.keepFails = 'STORE_FULL';
    bob.want(file);
    bob.use(sourceOf(file));
    await until(() => bob.fetcher.reasonOf(1) === 'STORE_FULL');
    bob.keepFails = undefined;
    const settled = bob.settled();
    await bob.clock.advance(smallLimits.blobMaxRetryMs * 2);
    await settled;
    expect(isWhole(bob, file)).toBe(true);
  });

  it('is asked for again from the chunk that came damaged, once the whole shows it', async () => {
    const [file, bob] = [await sentFile(1, 9500), receiver()];
    const alice = sourceOf(file);
    alice.spoils.push(5 * 1016 + 400);
    bob.want(file);
    bob.use(alice);
    await until(() => bob.fetcher.reasonOf(1) === 'FILE_DAMAGED');
    expect(bob.arrived).toEqual([]);
    const settled = bob.settled();
    await bob.clock.advance(smallLimits.blobMaxRetryMs * 2);
    await settled;
    expect([bob.arrived, isWhole(bob, file)]).toEqual([[1], true]);
    expect(alice.given).toBe(2 * file.sealed.length - 5 * 1016);
  });

  it('is given up when it is damaged again and again', async () => {
    const [file, bob] = [await sentFile(1, 2500), receiver()];
    const spoilt = { ...file, sealed: file.sealed.map((byte, at) => (at === 1500 ? byte ^ 1 : byte)) };
    bob.want(file);
    bob.use(sourceOf(spoilt));
    const settled = bob.settled();
    for (let n = 0; n < smallLimits.maxBlobDamages; n += 1) {
      await until(() => bob.lost.length > 0 || bob.fetcher.reasonOf(1) === 'FILE_DAMAGED');
      await bob.clock.advance(smallLimits.blobMaxRetryMs * 2);
    }
    await settled;
    expect([bob.arrived, bob.lost]).toEqual([[], [[1, 'FILE_DAMAGED']]]);
  });

  it('is lost when the sender does not have it any more', async () => {
    const [file, bob] = [await sentFile(1, 2500), receiver()];
    bob.want(file);
    bob.use(sourceOf());
    await bob.settled();
    expect(bob.lost).toEqual([[1, 'FILE_GONE']]);
  });

  it.each(['NOT_TRUSTED', 'SHUTTING_DOWN', 'STORE_UNREADABLE', 'TIMEOUT'] as const)(
    'is tried again later when the sender says %s',
    async (code) => {
      const [file, bob] = [await sentFile(1, 2500), receiver()];
      const alice = sourceOf(file);
      alice.refusal = code;
      bob.want(file);
      bob.use(alice);
      await until(() => bob.fetcher.reasonOf(1) === code);
      const asked = alice.asks.length;
      alice.refusal = undefined;
      expect(alice.asks.length).toBe(asked);
      const settled = bob.settled();
      await bob.clock.advance(smallLimits.blobMaxRetryMs * 2);
      await settled;
      expect(isWhole(bob, file)).toBe(true);
    },
  );

  it('waits for a link to newer software', async () => {
    const [file, bob] = [await sentFile(1, 2500), receiver()];
    bob.want(file);
    const old = new BlobSource([[file.blob, file.sealed]], 1);
    bob.use(old);
    await until(() => bob.fetcher.reasonOf(1) === 'PEER_TOO_OLD');
    expect(old.asks).toEqual([]);
    await bob.clock.advance(smallLimits.blobMaxRetryMs * 2);
    bob.use(sourceOf(file));
    await bob.settled();
    expect(bob.arrived).toEqual([1]);
  });
});

describe('a file that somebody keeps for its sender', () => {
  const keeperOf = (no: number, ...files: readonly Sent[]) => {
    const source = sourceOf(...files);
    source.keeper = `did:key:z6MkHub${no}`;
    return source;
  };

  it('comes from there, and may be there later only', async () => {
    const [file, bob] = [await sentFile(1, 2500), receiver()];
    bob.want(file);
    const without = keeperOf(1);
    bob.use(without);
    await until(() => without.asks.length > 0);
    await until(() => bob.fetcher.reasonOf(1) === undefined);
    expect(bob.lost).toEqual([]);
    bob.use(without, keeperOf(2, file));
    await bob.settled();
    expect([bob.arrived, isWhole(bob, file)]).toEqual([[1], true]);
  });

  it('goes on from the byte where another one ended', async () => {
    const [file, bob] = [await sentFile(1, 9500), receiver()];
    const [first, second] = [keeperOf(1, file), keeperOf(2, file)];
    first.givesUntil = 4400;
    bob.want(file);
    bob.use(first, second);
    await bob.settled();
    expect(isWhole(bob, file)).toBe(true);
    expect(second.asks[0]?.offset).toBeGreaterThan(4200);
    expect(first.given + second.given).toBe(file.sealed.length);
  });

  it('goes on with its sender in the middle, and no byte takes the place of another', async () => {
    const [file, bob] = [await sentFile(1, 20_000), receiver()];
    const [hub, alice] = [keeperOf(1, file), sourceOf(file)];
    hub.holdsAt = 5000;
    bob.want(file);
    bob.use(hub);
    await until(() => hub.given >= 5000);
    bob.use(alice);
    hub.holdsAt = Number.POSITIVE_INFINITY;
    await bob.settled();
    expect([bob.arrived, isWhole(bob, file)]).toEqual([[1], true]);
    expect([hub.given < file.sealed.length, alice.asks[0]?.offset]).toEqual([true, expect.any(Number)]);
  });

  it('is not given up when others than its sender give other bytes, however often', async () => {
    const [file, bob] = [await sentFile(1, 2500), receiver()];
    const spoilt = { ...file, sealed: file.sealed.map((byte, at) => (at === 1500 ? byte ^ 1 : byte)) };
    const liar = keeperOf(1, spoilt);
    bob.want(file);
    bob.use(liar);
    for (let n = 1; n <= smallLimits.maxBlobDamages + 1; n += 1) {
      await until(() => bob.fetcher.reasonOf(1) === 'FILE_DAMAGED');
      // The reason may be that of the time before: nothing more is on its way when it stands still.
      let given = -1;
      while (given !== liar.given) {
        given = liar.given;
        for (let turns = 0; turns < 100; turns += 1) await bob.clock.turn();
      }
      await bob.clock.advance(smallLimits.mailRepeatMs * 0.7);
      expect(liar.given).toBe(given);
      const more = until(() => liar.given > given);
      await bob.clock.advance(smallLimits.mailMaxRepeatMs * 2);
      await more;
    }
    await until(() => bob.fetcher.reasonOf(1) === 'FILE_DAMAGED');
    expect(bob.lost).toEqual([]);
    bob.use(sourceOf(file));
    await bob.settled();
    expect([bob.arrived, isWhole(bob, file)]).toEqual([[1], true]);
  });
});

describe('several files', () => {
  it('come smallest first, also when a large one is under way', async () => {
    const [large, middle, small] = [await sentFile(1, 20_000), await sentFile(2, 3000), await sentFile(3, 100)];
    const bob = receiver();
    const alice = sourceOf(large, middle, small);
    alice.holdsAt = 4000;
    bob.want(large);
    bob.use(alice);
    await until(() => alice.given >= 4000);
    bob.want(middle, small);
    alice.holdsAt = Number.POSITIVE_INFINITY;
    await bob.settled();
    expect(bob.arrived).toEqual([3, 2, 1]);
    expect([large, middle, small].every((file) => isWhole(bob, file))).toBe(true);
  });

  it('do not wait for one that cannot be had now', async () => {
    const [first, second] = [await sentFile(1, 100), await sentFile(2, 3000)];
    const bob = receiver();
    bob.want(first, second);
    bob.use(sourceOf(second));
    await bob.settled();
    expect([bob.lost, bob.arrived]).toEqual([[[1, 'FILE_GONE']], [2]]);
  });

  it('are never asked for beyond the window', async () => {
    const [file, bob] = [await sentFile(1, 60_000), receiver()];
    const alice = sourceOf(file);
    bob.want(file);
    bob.use(alice);
    await bob.settled();
    expect(alice.mostOpen).toBeGreaterThan(250);
    expect(alice.mostOpen).toBeLessThanOrEqual(smallLimits.maxBlobWindowBytes);
  });
});

describe('a receiver that stops', () => {
  it('has what came on the disk and counted, and asks for nothing more', async () => {
    const [file, bob] = [await sentFile(1, 20_000), receiver()];
    const alice = sourceOf(file);
    alice.holdsAt = 9000;
    bob.want(file);
    bob.use(alice);
    await until(() => alice.given >= 9000);
    await bob.fetcher.close();
    const asked = alice.asks.length;
    const chunks = Math.floor(alice.given / 1016);
    expect([chunks, bob.haveOf(1)]).toEqual([8, 8]);
    expect(bob.blobs.syncedBytesOf('data-1')).toBe(bob.haveOf(1) * 1016);
    bob.fetcher.wake();
    expect([alice.asks.length, bob.blobs.handles]).toEqual([asked, 0]);
  });
});
