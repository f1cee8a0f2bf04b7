import { describe, expect, it } from 'vitest';
import type { DeadLetterQuery } from '#delivery';
import type { MeshStore } from '#pipeline';
import { type StoreHarness, useStore } from './harness.ts';
import {
  alice,
  bob,
  carol,
  day,
  death,
  hour,
  idsOf,
  inMessage,
  outFrame,
  outMessage,
  sentMessages,
  start,
  toBob,
  toCarol,
  write,
} from './samples.ts';

const three = <T>(make: () => T): readonly [T, T, T] => [make(), make(), make()];

export function deadLetterContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('dead letters of the outbox', () => {
    const letters = (store: MeshStore, query: Partial<DeadLetterQuery> = {}) =>
      idsOf(store.read.outbox.deadLetters({ agent: alice, limit: 10, ...query }));

    it('are what was refused, what expired and what was given up, newest first, and nothing else', async () => {
      const store = await open();
      const [refused, expired, cancelled] = three(outMessage);
      const [givenUp, delivered, waiting] = three(() => outMessage({ createdAt: start + 1 }));
      const elsewhere = outMessage({ ...toCarol, expiresAt: start });
      const frameId = await sentMessages(store, [refused]);
      const deliveredFrame = await sentMessages(store, [delivered]);
      await write(store, (tx) => {
        for (const message of [cancelled, { ...expired, expiresAt: start + 2 }, givenUp, elsewhere]) {
          tx.outbox.insert(message);
        }
        tx.outbox.refuseFrame(frameId, { code: 'NOT_PERMITTED', at: start + 5 });
        tx.outbox.applyReceipt(toBob, { kind: 'delivered', frameId: deliveredFrame, at: start + 5 });
        tx.outbox.cancel(alice, cancelled.id, start + 5);
        tx.outbox.expire(start + 6);
        tx.outbox.giveUp(toBob, { from: 0, until: start + 1, at: start + 7 });
        tx.outbox.insert(waiting);
      });
      expect(letters(store)).toEqual(idsOf([elsewhere, givenUp, expired, refused]));
      expect(letters(store, { peer: bob })).toEqual(idsOf([givenUp, expired, refused]));
      expect(letters(store, { peer: bob, limit: 2 })).toEqual(idsOf([givenUp, expired]));
      expect(letters(store, { reason: 'UNREACHABLE' })).toEqual([givenUp.id]);
      expect(letters(store, { reason: 'EXPIRED', peer: bob })).toEqual([expired.id]);
      expect(letters(store, { reason: 'NOT_PERMITTED' })).toEqual([refused.id]);
      expect(letters(store, { before: start + 6 })).toEqual([refused.id]);
      expect(letters(store, { agent: 'zoe' })).toEqual([]);
      const [first] = store.read.outbox.deadLetters({ ...toBob, limit: 1 });
      expect(letters(store, { peer: bob, belowSeq: first?.seq ?? 0 })).toEqual(idsOf([expired, refused]));
      expect(store.read.outbox.deadCounts(alice)).toEqual([
        { peer: bob, reason: 'EXPIRED', count: 1 },
        { peer: bob, reason: 'NOT_PERMITTED', count: 1 },
        { peer: bob, reason: 'UNREACHABLE', count: 1 },
        { peer: carol, reason: 'EXPIRED', count: 1 },
      ]);
      expect(store.read.outbox.message(alice, givenUp.id)).toMatchObject({
        state: 'dead',
        reason: 'UNREACHABLE',
        givenUpAt: start + 7,
      });
    });

    it('are given up by the time they were accepted: waiting and in open frames, of one peer, once', async () => {
      const store = await open();
      const old = [outMessage({ priority: 'low' }), outMessage({ priority: 'high' }), outMessage()];
      const [inFrame, taken, seen] = three(outMessage);
      const young = outMessage({ createdAt: start + hour });
      await sentMessages(store, [inFrame, seen]);
      const takenFrame = await sentMessages(store, [taken]);
      await write(store, (tx) => {
        tx.outbox.acknowledge(takenFrame);
        tx.outbox.applyReceipt(toBob, { kind: 'seen', messageIds: [seen.id], at: start });
        for (const message of [...old, young, outMessage(toCarol)]) tx.outbox.insert(message);
      });
      const giveUp = (from: number, until: number) =>
        write(store, (tx) => tx.outbox.giveUp(toBob, { from, until, at: start + day }));
      expect(await giveUp(0, start - 1)).toEqual([]);
      expect((await giveUp(0, start)).toSorted()).toEqual(idsOf([...old, inFrame]).toSorted());
      expect(await giveUp(0, start)).toEqual([]);
      expect(await giveUp(start + 1, start + hour)).toEqual([young.id]);
      // They wait as before: nothing has to be done to send them.
      expect(store.read.outbox.waitingCount(alice, bob)).toBe(4);
      expect(store.read.outbox.message(alice, taken.id)?.state).toBe('sent');
      const revive = (ids?: readonly `msg_${string}`[]) =>
        write(store, (tx) => tx.outbox.revive(toBob, { at: start + 2 * day, ...(ids === undefined ? {} : { ids }) }));
      expect(await revive([young.id])).toEqual([{ id: young.id, state: 'queued' }]);
      expect(store.read.outbox.message(alice, young.id)).toMatchObject({
        state: 'queued',
        givenUpAt: start + day,
        revivedAt: start + 2 * day,
      });
      expect(await revive()).toHaveLength(4);
      expect(store.read.outbox.message(alice, inFrame.id)?.state).toBe('sent');
      expect(store.read.outbox.deadCounts(alice)).toEqual([]);
    });

    it('are none any more once they were said again', async () => {
      const store = await open();
      const [message, again] = [outMessage({ expiresAt: start }), outMessage()];
      await write(store, (tx) => {
        tx.outbox.insert(message);
        tx.outbox.expire(start);
        tx.outbox.insert({ ...again, replayOf: message.id });
        tx.outbox.markReplayed(alice, message.id, { by: again.id, at: start + 3 });
        tx.outbox.markReplayed('zoe', again.id, { by: message.id, at: start + 3 });
      });
      expect(letters(store)).toEqual([]);
      expect(store.read.outbox.deadCounts(alice)).toEqual([]);
      const { outbox } = store.read;
      expect(outbox.message(alice, message.id)).toMatchObject({ replayedBy: again.id, replayedAt: start + 3 });
      expect(outbox.message(alice, again.id)).toMatchObject({ state: 'queued', replayOf: message.id });
      expect(outbox.message(alice, again.id)?.replayedBy).toBeUndefined();
    });

    it('are purged by id, unless they are in a frame that the peer may still take', async () => {
      const store = await open();
      const [refused, inFrame, alive] = three(outMessage);
      const givenUp = outMessage();
      const other = outMessage({ agent: 'zoe', expiresAt: start });
      const frameId = await sentMessages(store, [refused]);
      await sentMessages(store, [inFrame]);
      await write(store, (tx) => {
        tx.outbox.refuseFrame(frameId, { code: 'NOT_PERMITTED', at: start });
        tx.outbox.insert(givenUp);
        tx.outbox.giveUp(toBob, { from: 0, until: start, at: start });
        tx.outbox.insert(alive);
        tx.outbox.insert(other);
        tx.outbox.expire(start);
      });
      const ids = [refused.id, inFrame.id, givenUp.id, alive.id, other.id];
      const purged = await write(store, (tx) => tx.outbox.purgeDead(alice, ids));
      expect(purged.toSorted()).toEqual([refused.id, givenUp.id].toSorted());
      expect(letters(store)).toEqual([inFrame.id]);
      expect(store.read.outbox.message(alice, refused.id)).toBeUndefined();
      expect(store.read.outbox.waitingFor(alice, bob)).toEqual({ messages: 1, bytes: 100 });
      expect(store.read.outbox.message('zoe', other.id)?.state).toBe('expired');
    });

    it('never make a number be given out twice', async () => {
      const store = await open();
      const message = outMessage({ expiresAt: start });
      await write(store, (tx) => {
        tx.outbox.insert(outMessage());
        tx.outbox.insert(message);
        tx.outbox.expire(start);
        tx.history.mark();
      });
      const seq = store.read.outbox.message(alice, message.id)?.seq ?? 0;
      await write(store, (tx) => tx.outbox.purgeDead(alice, [message.id]));
      const next = harness.reopen === undefined ? store : await harness.reopen(store);
      expect(await write(next, (tx) => tx.outbox.insert(outMessage()))).toBeGreaterThan(seq);
      await next.close();
    });
  });

  describe('what waits in the outbox', () => {
    it('is measured by peer and in all, also after it was opened again', async () => {
      const store = await open();
      const { outbox } = store.read;
      const [bound, expiring, cancelled] = three(outMessage);
      await write(store, (tx) => {
        for (const message of [bound, { ...expiring, expiresAt: start }, cancelled, outMessage(toCarol)]) {
          tx.outbox.insert(message);
        }
        tx.outbox.insert(outMessage({ agent: 'zoe', priority: 'high' }));
      });
      expect([outbox.waitingFor(alice, bob), outbox.waitingInAll()]).toEqual([
        { messages: 3, bytes: 300 },
        { messages: 5, bytes: 500 },
      ]);
      await write(store, (tx) => {
        tx.outbox.insertFrame(outFrame({ messageIds: [bound.id] }));
        tx.outbox.expire(start);
        tx.outbox.cancel(alice, cancelled.id, start);
        tx.outbox.rewriteWaiting(toCarol, () => new Uint8Array(150));
        expect(tx.outbox.waitingInAll()).toEqual({ messages: 2, bytes: 250 });
        tx.outbox.unseal(alice, 'aa');
      });
      expect([outbox.waitingFor(alice, bob), outbox.waitingInAll()]).toEqual([
        { messages: 1, bytes: 100 },
        { messages: 3, bytes: 350 },
      ]);
      if (harness.reopen === undefined) return;
      const again = await harness.reopen(store);
      expect(again.read.outbox.waitingInAll()).toEqual({ messages: 3, bytes: 350 });
      await again.close();
    });
  });

  describe('dead letters of the inbox', () => {
    it('are listed newest first, by sender, reason and age, read ones too', async () => {
      const store = await open();
      const [first, second, read] = three(inMessage);
      const carols = inMessage({ sender: carol });
      const { inbox } = store.read;
      await write(store, (tx) => {
        for (const message of [first, second, read, carols, inMessage()]) tx.inbox.insert(message);
        for (const { id } of [first, carols]) tx.inbox.bury(alice, id, death('broken'));
        tx.inbox.bury(alice, second.id, { error: 'late', reason: 'EXPIRED', at: start + 20 });
        tx.inbox.bury(alice, read.id, death('x'));
        tx.inbox.markRead(alice, [read.id], start);
      });
      const letters = (query: Partial<DeadLetterQuery> = {}) =>
        idsOf(inbox.deadLetters({ agent: alice, limit: 10, ...query }));
      expect(letters()).toEqual(idsOf([carols, read, second, first]));
      expect(letters({ limit: 2 })).toEqual(idsOf([carols, read]));
      expect(letters({ peer: bob })).toEqual(idsOf([read, second, first]));
      expect(letters({ reason: 'EXPIRED' })).toEqual([second.id]);
      expect(letters({ before: start + 20 })).toEqual(idsOf([carols, read, first]));
      expect(letters({ agent: 'zoe' })).toEqual([]);
      const seq = inbox.message(alice, second.id)?.seq ?? 0;
      expect(letters({ belowSeq: seq })).toEqual([first.id]);
      expect(inbox.deadCounts(alice)).toEqual([
        { peer: bob, reason: 'EXPIRED', count: 1 },
        { peer: bob, reason: 'HANDLER_FAILED', count: 2 },
        { peer: carol, reason: 'HANDLER_FAILED', count: 1 },
      ]);
    });

    it('are offered again from the first attempt on, alone, and live longer', async () => {
      const store = await open();
      const [message, fresh] = [inMessage({ expiresAt: start }), inMessage()];
      await write(store, (tx) => {
        tx.inbox.insert(message);
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 9 });
        tx.inbox.bury(alice, message.id, death('x'));
        tx.inbox.insert(fresh);
      });
      const again = (id: `msg_${string}`) => write(store, (tx) => tx.inbox.offerAgain(alice, id, start + day));
      expect([await again(fresh.id), await again('msg_unknown'), await again(message.id)]).toEqual([
        false,
        false,
        true,
      ]);
      expect(await again(message.id)).toBe(false);
      const waiting = store.read.inbox.message(alice, message.id);
      expect(waiting).toMatchObject({ state: 'new', attempts: 0, expiresAt: start + day, error: 'x' });
      expect(waiting?.reason).toBeUndefined();
      const leased = await write(store, (tx) =>
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 9 }),
      );
      expect(leased).toMatchObject([{ id: message.id, attempts: 1 }]);
    });

    it('are purged by id: they stay known, and are nobody’s business any more', async () => {
      const store = await open();
      const message = inMessage();
      await write(store, (tx) => {
        tx.inbox.insert(message);
        tx.inbox.insert({ ...message, sender: carol });
        tx.inbox.bury(alice, message.id, death('x'));
        tx.inbox.bury(alice, message.id, death('y'));
      });
      const purge = (of: object) => write(store, (tx) => tx.inbox.purgeDead({ agent: alice, ...of }, [message.id]));
      expect(await purge({ sender: carol })).toEqual([message.id]);
      expect(await purge({ sender: carol })).toEqual([]);
      expect(idsOf(store.read.inbox.deadLetters({ agent: alice, peer: bob, limit: 9 }))).toEqual([message.id]);
      expect(await purge({})).toEqual([message.id]);
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 0, waiting: 0, leased: 0, dead: 0 });
      expect(store.read.inbox.unreadInAll()).toEqual({ messages: 0, bytes: 0 });
      expect(await write(store, (tx) => tx.inbox.insert(message))).toBe(false);
    });

    it('that nobody saw do not count as an attempt', async () => {
      const store = await open();
      const message = inMessage();
      await write(store, (tx) => {
        tx.inbox.insert(message);
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 9 });
        tx.inbox.bury(alice, message.id, { error: 'late', reason: 'EXPIRED', at: start, uncounted: true });
      });
      const dead = store.read.inbox.message(alice, message.id);
      expect(dead).toMatchObject({ state: 'dead', attempts: 0 });
      expect(dead?.seenAt).toBeUndefined();
    });
  });
}
