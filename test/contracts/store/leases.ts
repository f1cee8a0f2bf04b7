import { describe, expect, it } from 'vitest';
import type { LeaseQuery } from '#delivery';
import type { AgentId } from '#identity';
import type { MeshStore } from '#pipeline';
import type { MessageId } from '#protocol';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, bob, carol, death, idsOf, inMessage, start, write } from './samples.ts';

const lease = async (store: MeshStore, query: Partial<LeaseQuery> = {}): Promise<readonly string[]> =>
  idsOf(
    await write(store, (tx) => tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 10, ...query })),
  );

const only = (...senders: readonly AgentId[]): Partial<LeaseQuery> => ({
  senders: new Map(senders.map((sender) => [sender, Infinity])),
});

const nextOffer = (store: MeshStore, query: Partial<LeaseQuery> = {}): number | undefined =>
  store.read.inbox.nextOffer({ agent: alice, types: ['request'], ...query });

const insert = (store: MeshStore, messages: readonly ReturnType<typeof inMessage>[]): Promise<void> =>
  write(store, (tx) => {
    for (const message of messages) tx.inbox.insert(message);
  });

export function leaseContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('leases', () => {
    it('offers by priority, then arrival, over all senders', async () => {
      const store = await open();
      const messages = [
        inMessage({ priority: 'low' }),
        inMessage({ sender: carol }),
        inMessage({ priority: 'high', sender: carol }),
        inMessage(),
        inMessage({ sender: carol }),
        inMessage({ priority: 'high' }),
      ];
      await insert(store, messages);
      const order = [2, 5, 1, 3, 4, 0].map((index) => messages[index]?.id);
      expect(await lease(store, { limit: 4 })).toEqual(order.slice(0, 4));
      expect(await lease(store)).toEqual(order.slice(4));
      expect(await lease(store)).toEqual([]);
    });

    it('counts the attempt and the time it was first seen', async () => {
      const store = await open();
      const message = inMessage();
      await insert(store, [message]);
      const [leased] = await write(store, (tx) =>
        tx.inbox.lease({ agent: alice, types: ['request'], now: start + 5, limit: 1 }),
      );
      const { id, sender, type, body, expiresAt } = message;
      expect(leased).toMatchObject({ id, agent: alice, sender, type, body, expiresAt, attempts: 1 });
      const stored = store.read.inbox.message(alice, message.id);
      expect(stored).toMatchObject({ ...message, ...leased, state: 'leased', seenAt: start + 5 });
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 1, waiting: 0, leased: 1, dead: 0 });
    });

    it('leaves other types, other agents and other senders where they are', async () => {
      const store = await open();
      const [mine, notification] = [inMessage(), inMessage({ type: 'notification' })];
      const [carols, zoes] = [inMessage({ sender: carol }), inMessage({ agent: 'zoe' })];
      await insert(store, [carols, notification, zoes, mine]);
      expect(await lease(store, only(bob))).toEqual([mine.id]);
      expect(await lease(store, only())).toEqual([]);
      expect(await lease(store, { types: [] })).toEqual([]);
      expect(await lease(store, { types: ['notification', 'request'] })).toEqual([carols.id, notification.id]);
      expect(await lease(store, { agent: 'zoe' })).toEqual([zoes.id]);
    });

    it('takes at most so many of a sender, in the order of all', async () => {
      const store = await open();
      const carols = [0, 1, 2].map(() => inMessage({ sender: carol }));
      const bobs = [0, 1, 2].map(() => inMessage());
      const [first, second] = carols;
      await insert(
        store,
        [first, bobs[0], second, bobs[1], carols[2], bobs[2]].filter((one) => one !== undefined),
      );
      const senders = new Map([
        [carol, 2],
        [bob, Infinity],
      ] as const);
      expect(await lease(store, { senders, limit: 5 })).toEqual(
        idsOf([first, bobs[0], second, bobs[1], bobs[2]].filter((one) => one !== undefined)),
      );
      expect(await lease(store, { senders: new Map([[carol, 0]]) })).toEqual([]);
      expect(await lease(store, { senders: new Map([[carol, 1]]) })).toEqual(idsOf(carols.slice(2)));
    });

    it('knows who has messages of these types waiting, and nobody else', async () => {
      const store = await open();
      const waiting = (): readonly AgentId[] => store.read.inbox.waitingSenders(alice, ['request']);
      expect(waiting()).toEqual([]);
      const message = inMessage();
      await insert(store, [
        message,
        inMessage({ sender: carol, type: 'alert' }),
        inMessage({ agent: 'zoe', sender: carol }),
      ]);
      expect(waiting()).toEqual([bob]);
      expect(store.read.inbox.waitingSenders(alice, ['request', 'alert'])).toEqual([bob, carol]);
      await lease(store);
      expect(waiting()).toEqual([]);
      await write(store, (tx) => tx.inbox.release(alice, message.id, { notBefore: start + 1, error: 'x' }));
      expect(waiting()).toEqual([bob]);
      await write(store, (tx) => tx.inbox.complete(alice, message.id));
      expect(waiting()).toEqual([]);
    });

    it('takes an attempt back that did not count', async () => {
      const store = await open();
      const message = inMessage();
      await insert(store, [message]);
      await lease(store);
      await write(store, (tx) => tx.inbox.release(alice, message.id, { notBefore: 0, error: 'x', uncounted: true }));
      await lease(store);
      expect(store.read.inbox.message(alice, message.id)).toMatchObject({ state: 'leased', attempts: 1 });
    });

    it('offers a message that was tried before alone, in its turn and not before its time', async () => {
      const store = await open();
      const messages = [inMessage(), inMessage(), inMessage(), inMessage()];
      const [first, second, third, fourth] = messages.map(({ id }) => id);
      if (!first || !second || !third || !fourth) throw new Error('four messages');
      await insert(store, messages.slice(0, 3));
      expect(await lease(store, { limit: 2 })).toEqual([first, second]);
      await write(store, (tx) => {
        tx.inbox.release(alice, second, { notBefore: start + 100, error: 'failed' });
        tx.inbox.release(alice, first, { notBefore: start + 50, error: 'failed' });
        for (const message of messages.slice(3)) tx.inbox.insert(message);
      });
      expect(nextOffer(store)).toBe(0);
      expect(nextOffer(store, only(carol))).toBeUndefined();
      expect(nextOffer(store, { types: ['alert'] })).toBeUndefined();
      expect(await lease(store, { limit: 1 })).toEqual([third]);
      expect(await lease(store, { now: start + 50 })).toEqual([first]);
      expect(await lease(store, { now: start + 50 })).toEqual([fourth]);
      expect(nextOffer(store)).toBe(start + 100);
      expect(await lease(store, { now: start + 99 })).toEqual([]);
      expect(await lease(store, { now: start + 100 })).toEqual([second]);
      expect(store.read.inbox.message(alice, second)).toMatchObject({ attempts: 2, error: 'failed', notBefore: 0 });
      expect(nextOffer(store)).toBeUndefined();
    });

    it('ends an offer before a message that was tried before', async () => {
      const store = await open();
      const messages = [inMessage(), inMessage(), inMessage()];
      await insert(store, messages);
      await lease(store, { limit: 1 });
      const [head, tried, last] = messages.map(({ id }) => id);
      if (!head || !tried || !last) throw new Error('three messages');
      await write(store, (tx) => {
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 1 });
        tx.inbox.release(alice, tried, { notBefore: 0, error: 'x' });
      });
      // A message that comes later in time but first in priority.
      const urgent = inMessage({ priority: 'high' });
      await insert(store, [urgent]);
      expect(await lease(store)).toEqual([urgent.id]);
      expect(await lease(store)).toEqual([tried]);
      expect(await lease(store)).toEqual([last]);
    });

    it('offers everything again after a restart, each alone, and counts it as tried', async () => {
      const store = await open();
      const messages = [inMessage(), inMessage({ sender: carol })];
      await insert(store, [...messages, inMessage({ type: 'alert' })]);
      await lease(store);
      expect(await write(store, (tx) => tx.inbox.releaseAll())).toBe(2);
      expect(await write(store, (tx) => tx.inbox.releaseAll())).toBe(0);
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 3, waiting: 3, leased: 0, dead: 0 });
      expect(await lease(store)).toEqual([messages[0]?.id]);
      expect(await lease(store)).toEqual([messages[1]?.id]);
      expect(store.read.inbox.message(alice, messages[1]?.id ?? 'msg_')).toMatchObject({ attempts: 2 });
    });

    it('keeps that a message was read through lease, release and burial', async () => {
      const store = await open();
      const message = inMessage();
      await insert(store, [message]);
      await write(store, (tx) => tx.inbox.markRead(alice, [message.id], start));
      expect(await lease(store)).toEqual([message.id]);
      await write(store, (tx) => tx.inbox.release(alice, message.id, { notBefore: 0, error: 'x' }));
      expect(await lease(store)).toEqual([message.id]);
      await write(store, (tx) => tx.inbox.bury(alice, message.id, death('y')));
      expect(store.read.inbox.message(alice, message.id)).toMatchObject({ state: 'dead', readAt: start, error: 'y' });
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 0, waiting: 0, leased: 0, dead: 1 });
    });

    it('takes the end of a lease once: what was completed is not released or buried', async () => {
      const store = await open();
      const message = inMessage();
      await insert(store, [message]);
      await lease(store);
      await write(store, (tx) => {
        tx.inbox.complete(alice, message.id, 'msg_answer');
        tx.inbox.release(alice, message.id, { notBefore: 0, error: 'late' });
        tx.inbox.bury(alice, message.id, death('late'));
        tx.inbox.complete(alice, message.id, 'msg_other');
        tx.inbox.complete(alice, 'msg_unknown');
      });
      const handled = store.read.inbox.message(alice, message.id);
      expect(handled).toMatchObject({ state: 'handled', answerId: 'msg_answer' });
      expect(handled?.error).toBeUndefined();
      expect(await lease(store)).toEqual([]);
    });

    it('completes many at once, and leaves all others as they are', async () => {
      const store = await open();
      const messages = [0, 1, 2, 3, 4, 5].map((n) => inMessage({ type: n === 1 ? 'alert' : 'request' }));
      await insert(store, messages);
      const leased = await write(store, (tx) =>
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 4 }),
      );
      await write(store, (tx) => {
        tx.inbox.markRead(
          alice,
          leased.slice(0, 1).map(({ id }) => id),
          start,
        );
        tx.inbox.completeAll(leased.slice(1));
        tx.inbox.completeAll(leased.toReversed());
        tx.inbox.completeAll([]);
      });
      const states = store.read.inbox.list({ agent: alice, limit: 9 }).map(({ id, state }) => [id, state]);
      const handled = new Set(leased.map(({ id }) => id));
      expect(handled.size).toBe(4);
      expect(states).toEqual(messages.toReversed().map(({ id }) => [id, handled.has(id) ? 'handled' : 'new']));
      const bytes = messages.filter(({ id }) => !handled.has(id)).reduce((sum, { body }) => sum + body.length, 0);
      expect(store.read.inbox.unreadFrom(alice, bob)).toEqual({ messages: 2, bytes });
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 2, waiting: 2, leased: 0, dead: 0 });
    });

    it('counts as before when the completion of many is undone', async () => {
      const store = await open();
      await insert(store, [inMessage(), inMessage()]);
      const leased = await write(store, (tx) =>
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 4 }),
      );
      const failing = write(store, (tx) => {
        tx.inbox.completeAll(leased);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 2, waiting: 0, leased: 2, dead: 0 });
    });

    it('completes the message that is leased when two senders used one id', async () => {
      const store = await open();
      const message = inMessage();
      await insert(store, [message, { ...message, sender: carol }]);
      expect(await lease(store, only(carol))).toEqual([message.id]);
      await write(store, (tx) => tx.inbox.complete(alice, message.id));
      const states = store.read.inbox.list({ agent: alice, limit: 5 }).map(({ sender, state }) => [sender, state]);
      expect(states).toEqual([
        [carol, 'handled'],
        [bob, 'new'],
      ]);
    });

    it('offers each of many messages of many senders once and in order', async () => {
      const store = await open();
      const senders = Array.from({ length: 7 }, (_, index) => `did:key:z6Mks${index}` as const);
      const messages = Array.from({ length: 700 }, (_, index) =>
        inMessage({ sender: senders[(index * 5) % 7] ?? bob }),
      );
      await insert(store, messages);
      const offered: string[] = [];
      for (let limit = 1; offered.length < messages.length; limit = (limit * 3) % 101) {
        const batch = await lease(store, { limit });
        expect(batch.length).toBeGreaterThan(0);
        offered.push(...batch);
        await write(store, (tx) => {
          for (const id of batch) tx.inbox.complete(alice, id as MessageId);
        });
      }
      expect(offered).toEqual(idsOf(messages));
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 0, waiting: 0, leased: 0, dead: 0 });
    });
  });
}
