import { describe, expect, it, vi } from 'vitest';
import { MeshError } from '#kernel';
import { encodeFrame, type Frame, verifyHubReceipt } from '#protocol';
import type { FrameOutcome, Link } from '#link';
import { failure } from '../support/failure.ts';
import { fetchAll, HubWorld, type HubWorldOptions, mailFrom } from '../support/hub-world.ts';
import { alice, bob, mallory } from '../support/link-agents.ts';

async function opened(options: HubWorldOptions = {}) {
  const world = await HubWorld.open(options);
  return { world, sender: await world.member(alice, 'alice'), receiver: await world.member(bob, 'bob') };
}

const framesIn = async (link: Link): Promise<readonly Uint8Array[]> =>
  (await link.ask(fetchAll)).items.map(({ frame }) => frame);
const many = (count: number, size?: number): readonly Frame[] =>
  Array.from({ length: count }, () => mailFrom(alice, bob, size === undefined ? {} : { size }));
const sendAll = (link: Link, frames: readonly Frame[]): Promise<readonly FrameOutcome[]> =>
  Promise.all(frames.map((frame) => link.sendFrame(frame)));

describe('a frame to an agent that is away', () => {
  it('is kept, with a receipt that the hub signed, until it is fetched and acknowledged', async () => {
    const { world, sender, receiver } = await opened();
    receiver.close();
    const frame = mailFrom(alice, bob);
    const outcome = await sender.sendFrame(frame);
    if (outcome.kind !== 'stored') return expect.unreachable();
    const check = { hub: world.hubId, frameId: frame.id, to: bob.agentId };
    expect(verifyHubReceipt(outcome.receipt, check).at).toBe(world.clock.now());
    const back = await world.link(bob);
    const first = await back.ask(fetchAll);
    expect(first.items).toMatchObject([{ at: world.clock.now(), frame: encodeFrame(frame) }]);
    expect((await back.ask(fetchAll)).items).toEqual(first.items);
    back.ack({ epoch: first.epoch, upTo: first.items[0]?.cursor ?? 0 });
    await back.ask({ op: 'keypackage.put', packages: [] });
    expect(await framesIn(back)).toEqual([]);
  });

  it('is stored once however often it is sent while it is there, and answered with the same receipt', async () => {
    const { world, sender, receiver } = await opened();
    const frame = mailFrom(alice, bob);
    const first = await sender.sendFrame(frame);
    await world.clock.advance(5000);
    const again = await world.link(alice);
    expect(await again.sendFrame(frame)).toEqual(first);
    const { items, epoch } = await receiver.ask(fetchAll);
    expect(items).toHaveLength(1);
    receiver.ack({ epoch, upTo: items[0]?.cursor ?? 0 });
    await receiver.ask(fetchAll);
    expect(await again.sendFrame(frame)).toMatchObject({ kind: 'stored' });
    expect(await framesIn(receiver)).toHaveLength(1);
  });

  it('is read by nobody else, and acknowledged by nobody else', async () => {
    const { world, sender, receiver } = await opened();
    await sender.sendFrame(mailFrom(alice, bob));
    const other = await world.member(mallory, 'mallory');
    const { items, epoch } = await receiver.ask(fetchAll);
    expect((await other.ask(fetchAll)).items).toEqual([]);
    other.ack({ epoch, upTo: items[0]?.cursor ?? 0 });
    await other.ask(fetchAll);
    expect(await framesIn(receiver)).toHaveLength(1);
    const forged = await other.sendFrame(mailFrom(alice, bob));
    expect(forged).toEqual({ kind: 'refused', code: 'WRONG_RECIPIENT' });
  });

  it('is refused for who is no member, for the hub itself, and when it has expired', async () => {
    const { world, sender } = await opened();
    const to = (agentId: Frame['to']): Frame => ({ ...mailFrom(alice, bob), to: agentId });
    expect(await sender.sendFrame(to(mallory.agentId))).toMatchObject({ kind: 'refused', code: 'UNKNOWN_AGENT' });
    expect(await sender.sendFrame(to(world.hubId))).toMatchObject({ kind: 'refused', code: 'WRONG_RECIPIENT' });
    const old = mailFrom(alice, bob, { ttlMs: 1000 });
    await world.clock.advance(1000);
    expect(await sender.sendFrame(old)).toMatchObject({ kind: 'refused', code: 'EXPIRED' });
  });

  it('goes when its time is over, and its place in the mailbox is free', async () => {
    const { world, sender, receiver } = await opened({ limits: { maxMailboxFrames: 2 } });
    await sender.sendFrame(mailFrom(alice, bob, { ttlMs: 30_000 }));
    expect(await sender.sendFrame(mailFrom(alice, bob))).toMatchObject({ kind: 'refused', code: 'MAILBOX_FULL' });
    await world.clock.advance(world.limits.hubSweepMs);
    await world.clock.turn();
    const again = await world.link(alice);
    expect(await again.sendFrame(mailFrom(alice, bob))).toMatchObject({ kind: 'stored' });
    expect(await framesIn(receiver)).toHaveLength(1);
  });
});

describe('fetching', () => {
  it('goes on from a cursor, in portions that the asker chooses', async () => {
    const { sender, receiver } = await opened();
    const frames = many(20);
    await sendAll(sender, frames);
    const got: Uint8Array[] = [];
    let place: { epoch?: Uint8Array; after: number } = { after: 0 };
    for (let more = true; more;) {
      const page = await receiver.ask({ ...fetchAll, ...place, frames: 6 });
      expect(page.items.length).toBeLessThanOrEqual(6);
      got.push(...page.items.map(({ frame }) => frame));
      place = { epoch: page.epoch, after: page.items.at(-1)?.cursor ?? 0 };
      more = page.more;
    }
    expect(got).toEqual(frames.map((frame) => encodeFrame(frame)));
  });

  it('gives no more bytes than asked for, but one frame at least, and never more than an operation holds', async () => {
    const { sender, receiver } = await opened();
    await sendAll(sender, many(10, 90_000));
    const small = await receiver.ask({ ...fetchAll, bytes: 200_000 });
    expect([small.items.length, small.more]).toEqual([2, true]);
    expect((await receiver.ask({ ...fetchAll, bytes: 1 })).items).toHaveLength(1);
    const large = await receiver.ask({ ...fetchAll, bytes: 10_000_000 });
    expect([large.items.length, large.more]).toEqual([5, true]);
  });

  it('hands out the largest frame there is', async () => {
    const { sender, receiver } = await opened();
    const frame = mailFrom(alice, bob, { kind: 'request', size: 524_288 - 400 });
    expect(await sender.sendFrame(frame)).toMatchObject({ kind: 'stored' });
    expect(await framesIn(receiver)).toEqual([encodeFrame(frame)]);
  });

  it('waits for a frame, and is answered as soon as one comes', async () => {
    const { world, sender, receiver } = await opened();
    const waiting = receiver.ask({ ...fetchAll, waitMs: 30_000 });
    await world.clock.advance(10);
    const frame = mailFrom(alice, bob);
    await sender.sendFrame(frame);
    expect((await waiting).items).toMatchObject([{ frame: encodeFrame(frame) }]);
  });

  it('waits no longer than asked', async () => {
    const { world, receiver } = await opened();
    const waiting = receiver.ask({ ...fetchAll, waitMs: 30_000 });
    await world.clock.whenSleeping(4);
    await world.clock.advance(30_000);
    expect(await waiting).toMatchObject({ items: [], more: false });
  });

  it('tells at once that a place is not known, also when nothing is there', async () => {
    const { receiver } = await opened();
    const lost = { epoch: new Uint8Array(16), after: 7 };
    expect(await receiver.ask({ ...fetchAll, ...lost, waitMs: 30_000 })).toMatchObject({ after: 0, items: [] });
  });

  it('that nothing came for is not looked into again, and what comes between two questions is given at once', async () => {
    const { world, sender, receiver } = await opened();
    const read = vi.spyOn(world.hub.parts.store.mailboxes, 'read');
    const { epoch, after } = await receiver.ask(fetchAll);
    const there = { ...fetchAll, epoch, after };
    for (let n = 0; n < 3; n += 1) expect((await receiver.ask(there)).items).toEqual([]);
    expect(read).toHaveBeenCalledTimes(1);
    const frame = mailFrom(alice, bob);
    await sender.sendFrame(frame);
    const found = { items: [{ frame: encodeFrame(frame) }] };
    expect(await receiver.ask({ ...there, waitMs: 30_000 })).toMatchObject(found);
    expect(await receiver.ask(there)).toMatchObject(found);
    expect(await receiver.ask({ ...there, epoch: new Uint8Array(16) })).toMatchObject(found);
  });

  it('is looked into each time when another process of the hub may have put something there', async () => {
    const { world, receiver } = await opened();
    const { mailboxes } = world.hub.parts.store;
    Object.assign(mailboxes, { onArrival: () => undefined });
    const read = vi.spyOn(mailboxes, 'read');
    const { epoch, after } = await receiver.ask(fetchAll);
    await receiver.ask({ ...fetchAll, epoch, after });
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('holds up nothing: frames go both ways meanwhile', async () => {
    const { sender, receiver } = await opened();
    const waiting = [1, 2, 3].map(() => receiver.ask({ ...fetchAll, waitMs: 60_000 }));
    expect(await receiver.sendFrame(mailFrom(bob, alice))).toMatchObject({ kind: 'stored' });
    expect(await framesIn(sender)).toHaveLength(1);
    await sender.sendFrame(mailFrom(alice, bob));
    for (const one of waiting) expect((await one).items).toHaveLength(1);
  });
});

describe('a full mailbox', () => {
  it('refuses until there is room, and keeps the order of what follows', async () => {
    const { world, sender, receiver } = await opened({ limits: { maxMailboxFrames: 8 } });
    const frames = many(8);
    const outcomes = await sendAll(sender, frames);
    expect(outcomes.map(({ kind }) => kind)).toEqual([
      ...Array<string>(4).fill('stored'),
      ...Array<string>(4).fill('refused'),
    ]);
    const { mailboxFullRetryMs: retryAfterMs } = world.limits;
    expect(outcomes[4]).toEqual({ kind: 'refused', code: 'MAILBOX_FULL', retryAfterMs });
    const { items, epoch } = await receiver.ask(fetchAll);
    receiver.ack({ epoch, upTo: items.at(-1)?.cursor ?? 0 });
    await receiver.ask(fetchAll);
    // There is room, but not for those that came behind the one that was refused first.
    expect(await sender.sendFrame(frames[6] ?? mailFrom(alice, bob))).toMatchObject({ code: 'MAILBOX_FULL' });
    expect((await sendAll(sender, frames.slice(4))).every(({ kind }) => kind === 'stored')).toBe(true);
    expect(await framesIn(receiver)).toEqual(frames.slice(4).map((frame) => encodeFrame(frame)));
  });

  it('of one agent holds up no frame for another, and the rest of it is for other senders', async () => {
    const { world, sender } = await opened({ limits: { maxMailboxFrames: 4 } });
    await sendAll(sender, many(3));
    await world.member(mallory, 'mallory');
    expect(await sender.sendFrame(mailFrom(alice, mallory))).toMatchObject({ kind: 'stored' });
    const other = await world.link(mallory);
    expect(await other.sendFrame(mailFrom(mallory, bob))).toMatchObject({ kind: 'stored' });
  });
});

describe('a hub whose disk is full', () => {
  it('refuses until there is room, keeps the link and the order, and answers nothing as stored', async () => {
    const { world, sender, receiver } = await opened();
    const { mailboxes } = world.hub.parts.store;
    const append = mailboxes.append.bind(mailboxes);
    mailboxes.append = () => Promise.reject(new MeshError('STORE_FULL'));
    const frames = many(3);
    const { mailboxFullRetryMs: retryAfterMs } = world.limits;
    for (const outcome of await sendAll(sender, frames))
      expect(outcome).toEqual({ kind: 'refused', code: 'STORE_FULL', retryAfterMs });
    mailboxes.append = append;
    expect(await sender.sendFrame(frames[1] ?? mailFrom(alice, bob))).toMatchObject({ code: 'STORE_FULL' });
    expect((await sendAll(sender, frames)).every(({ kind }) => kind === 'stored')).toBe(true);
    expect(await framesIn(receiver)).toEqual(frames.map((frame) => encodeFrame(frame)));
  });

  it('that is broken for good ends the links: senders look for another way', async () => {
    const { world, sender } = await opened();
    world.hub.parts.store.mailboxes.append = () => Promise.reject(new MeshError('STORE_CORRUPT'));
    const lost = failure(sender.sendFrame(mailFrom(alice, bob)));
    expect((await sender.closed)?.code).toBe('INTERNAL');
    expect((await lost).code).toBe('LINK_CLOSED');
  });
});

describe('a flood', () => {
  it('is slowed to the rate of a sender, in order, and does not touch others', async () => {
    const limits = { hubFrameBurst: 10, hubFramesPerSecond: 10 };
    const { world, sender, receiver } = await opened({ limits });
    const frames = many(15);
    const outcomes = await sendAll(sender, frames);
    expect(outcomes.filter(({ kind }) => kind === 'stored')).toHaveLength(10);
    expect(outcomes[10]).toEqual({ kind: 'refused', code: 'RATE_LIMITED', retryAfterMs: 100 });
    expect(await receiver.sendFrame(mailFrom(bob, alice))).toMatchObject({ kind: 'stored' });
    await world.clock.advance(500);
    expect((await sendAll(sender, frames.slice(10))).every(({ kind }) => kind === 'stored')).toBe(true);
    expect(await framesIn(receiver)).toEqual(frames.map((frame) => encodeFrame(frame)));
  });

  it('does not get a new rate with a new link', async () => {
    const { world, sender } = await opened({ limits: { hubFrameBurst: 2, hubFramesPerSecond: 1 } });
    await sendAll(sender, many(2));
    const again = await world.link(alice);
    expect(await again.sendFrame(mailFrom(alice, bob))).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('of contact requests ends after twenty in an hour; messages go on', async () => {
    const { world, sender } = await opened({ limits: { hubRequestsPerHour: 3 } });
    await world.member(mallory, 'mallory');
    const request = (): Frame => mailFrom(alice, bob, { kind: 'request' });
    const outcomes = await sendAll(sender, [request(), request(), request(), request()]);
    expect(outcomes[3]).toEqual({ kind: 'refused', code: 'RATE_LIMITED', retryAfterMs: 1_200_000 });
    expect(await sender.sendFrame(mailFrom(alice, mallory))).toMatchObject({ kind: 'stored' });
  });

  it('that makes too many mailboxes wait ends the link', async () => {
    const { world, sender } = await opened({
      limits: { maxHeldMailboxes: 1, hubFrameBurst: 1, hubFramesPerSecond: 1 },
    });
    await world.member(mallory, 'mallory');
    await sender.sendFrame(mailFrom(alice, bob));
    void sender.sendFrame(mailFrom(alice, bob)).catch(() => {});
    void sender.sendFrame(mailFrom(alice, mallory)).catch(() => {});
    expect((await sender.closed)?.code).toBe('RATE_LIMITED');
  });

  it('of connections is bounded: those who are linked stay, and others come in when there is room', async () => {
    const { world, sender } = await opened({ limits: { maxLinks: 2 } });
    expect(await failure(world.link(mallory))).toMatchObject({ code: 'RATE_LIMITED' });
    sender.close();
    await world.clock.turn();
    await world.clock.turn();
    expect((await world.link(mallory)).local).toBe(mallory.agentId);
  });
});

describe('a hub that stops', () => {
  it('answers what came, takes nothing more, and tells who is linked', async () => {
    const { world, sender, receiver } = await opened();
    const fetching = failure(sender.ask({ ...fetchAll, waitMs: 60_000 }));
    const { mailboxes } = world.hub.parts.store;
    const append = mailboxes.append.bind(mailboxes);
    const began = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    mailboxes.append = async (mails) => {
      began.resolve();
      await held.promise;
      return await append(mails);
    };
    const before = sendAll(sender, many(5));
    await began.promise;
    for (let turns = 0; turns < 5; turns += 1) await world.clock.turn();
    const stopping = world.hub.stop();
    expect(await receiver.sendFrame(mailFrom(bob, alice))).toMatchObject({ code: 'SHUTTING_DOWN' });
    held.resolve();
    expect((await before).every(({ kind }) => kind === 'stored')).toBe(true);
    expect((await sender.closed)?.code).toBe('SHUTTING_DOWN');
    expect((await fetching).code).toBe('LINK_CLOSED');
    await stopping;
    expect((await failure(world.link(mallory))).code).toBe('SHUTTING_DOWN');
  });
});
