import { describe, expect, it } from 'vitest';
import type { MessageId } from '#protocol';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, bob, carol, day, idsOf, inMessage, start, write } from './samples.ts';

export function inboxStoreContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('the inbox', () => {
    it('gives back every field of a message, by id and by prefix', async () => {
      const store = await open();
      const full = inMessage({ correlationId: 'msg_c', idempotencyKey: 'k', type: 'response', priority: 'high' });
      expect(await write(store, (tx) => tx.inbox.insert(full))).toBe(true);
      const found = store.read.inbox.message(alice, full.id);
      expect(found).toEqual({ ...full, seq: found?.seq, state: 'new', attempts: 0, notBefore: 0 });
      expect(store.read.inbox.messagesByPrefix(alice, full.id.slice(0, 39))).toEqual([found]);
      expect(store.read.inbox.message('zoe', full.id)).toBeUndefined();
      expect(store.read.inbox.messagesByPrefix(alice, 'msg_x')).toEqual([]);
    });

    it('takes an id of a sender once, whatever became of the first', async () => {
      const store = await open();
      const message = inMessage();
      const insert = (fields: object) => write(store, (tx) => tx.inbox.insert({ ...message, ...fields }));
      expect(await insert({})).toBe(true);
      expect(await insert({ type: 'alert' })).toBe(false);
      await write(store, (tx) => tx.inbox.complete(alice, message.id));
      expect(await insert({})).toBe(false);
      expect(store.read.inbox.message(alice, message.id)).toMatchObject({ type: 'request', state: 'handled' });
      // The same id from another sender, or to another agent, is another message.
      expect(await insert({ sender: carol })).toBe(true);
      expect(await insert({ agent: 'zoe' })).toBe(true);
      expect(store.read.inbox.list({ agent: alice, limit: 10 })).toHaveLength(2);
    });

    it('remembers frames by sender', async () => {
      const store = await open();
      const frame = { frameId: 'frm_1', kind: 'app', until: start + day } as const;
      const has = (sender = bob) => store.read.inbox.hasFrame(alice, sender, 'frm_1');
      expect(has()).toBe(false);
      await write(store, (tx) => tx.inbox.rememberFrame(alice, bob, frame));
      await write(store, (tx) => tx.inbox.rememberFrame(alice, bob, frame));
      expect([has(), has(carol)]).toEqual([true, false]);
      await write(store, (tx) => tx.inbox.prune({ before: 0, now: start + day - 1 }));
      expect(has()).toBe(true);
      await write(store, (tx) => tx.inbox.prune({ before: 0, now: start + day }));
      expect(has()).toBe(false);
    });

    it('remembers with which code a frame was refused', async () => {
      const store = await open();
      const refusal = (sender = bob) => store.read.inbox.refusalOfFrame(alice, sender, 'frm_1');
      expect(refusal()).toBeUndefined();
      const frame = { frameId: 'frm_1', kind: 'app', until: start + day } as const;
      await write(store, (tx) => {
        tx.inbox.rememberFrame(alice, bob, { ...frame, refused: 'MALFORMED' });
        tx.inbox.rememberFrame(alice, carol, frame);
      });
      expect([refusal(), refusal(carol)]).toEqual(['MALFORMED', undefined]);
    });

    it('lists newest first, or from a place on oldest first, by sender', async () => {
      const store = await open();
      const messages = [bob, carol, bob, carol, bob].map((sender) => inMessage({ sender }));
      await write(store, (tx) => {
        for (const message of messages) tx.inbox.insert(message);
        tx.inbox.insert(inMessage({ agent: 'zoe' }));
      });
      const list = (query: object) => store.read.inbox.list({ agent: alice, limit: 10, ...query });
      expect(idsOf(list({}))).toEqual(idsOf(messages.toReversed()));
      expect(idsOf(list({ limit: 2 }))).toEqual(idsOf(messages.slice(3).toReversed()));
      expect(idsOf(list({ sender: carol }))).toEqual(idsOf([messages[3], messages[1]].filter((m) => m !== undefined)));
      const second = list({ afterSeq: 0, limit: 2 })[1];
      expect(second?.id).toBe(messages[1]?.id);
      expect(idsOf(list({ afterSeq: second?.seq, limit: 2 }))).toEqual(idsOf(messages.slice(2, 4)));
      expect(list({ sender: 'did:key:z6MkNobody' })).toEqual([]);
    });

    it('calls unread what neither a person read nor a program handled', async () => {
      const store = await open();
      const messages = Array.from({ length: 6 }, () => inMessage());
      const [read, handled, leased, dead, tried, fresh] = messages;
      if (!read || !handled || !leased || !dead || !tried || !fresh) throw new Error('six messages');
      await write(store, (tx) => {
        for (const message of [leased, dead, tried, handled, read, fresh]) tx.inbox.insert(message);
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 4 });
        tx.inbox.bury(alice, dead.id, 'broken');
        tx.inbox.release(alice, tried.id, { notBefore: start + 50, error: 'again' });
        tx.inbox.complete(alice, handled.id, 'msg_answer');
        tx.inbox.markRead(alice, [read.id], start + 7);
      });
      const { inbox } = store.read;
      const unread = (query: object = {}) => inbox.list({ agent: alice, unread: true, limit: 10, ...query });
      expect(idsOf(unread())).toEqual(idsOf([fresh, tried, dead, leased]));
      expect(idsOf(unread({ limit: 2 }))).toEqual(idsOf([fresh, tried]));
      expect(idsOf(unread({ afterSeq: 0, limit: 3 }))).toEqual(idsOf([leased, dead, tried]));
      expect(inbox.counts(alice)).toEqual({ unread: 4, waiting: 3, leased: 1, dead: 1 });
      expect(inbox.counts('zoe')).toEqual({ unread: 0, waiting: 0, leased: 0, dead: 0 });
      expect(inbox.message(alice, read.id)).toMatchObject({ state: 'new', readAt: start + 7 });
      expect(inbox.message(alice, dead.id)).toMatchObject({ state: 'dead', error: 'broken', attempts: 1 });
      expect(inbox.message(alice, tried.id)).toMatchObject({ state: 'new', error: 'again', notBefore: start + 50 });
      expect(inbox.message(alice, handled.id)).toMatchObject({ state: 'handled', answerId: 'msg_answer' });
    });

    it('keeps the first time that a message was seen or read', async () => {
      const store = await open();
      const message = inMessage();
      await write(store, (tx) => tx.inbox.insert(message));
      for (const at of [start + 5, start + 9]) {
        await write(store, (tx) => {
          tx.inbox.markSeen(alice, [message.id, 'msg_unknown'], at);
          tx.inbox.markRead(alice, [message.id, 'msg_unknown'], at);
          tx.inbox.markRead('zoe', [message.id], 1);
        });
      }
      const found = store.read.inbox.message(alice, message.id);
      expect(found).toMatchObject({ seenAt: start + 5, readAt: start + 5, state: 'new' });
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 0, waiting: 1, leased: 0, dead: 0 });
    });

    it('finds the first message with an idempotency key within the window', async () => {
      const store = await open();
      const first = inMessage({ idempotencyKey: 'k' });
      const second = inMessage({ idempotencyKey: 'k', receivedAt: start + 10 });
      await write(store, (tx) => {
        tx.inbox.insert(first);
        tx.inbox.insert(second);
        tx.inbox.insert(inMessage({ idempotencyKey: 'k', sender: carol }));
        tx.inbox.complete(alice, first.id, 'msg_answer');
      });
      const query = { agent: alice, sender: bob, key: 'k' };
      const find = (since: number) => store.read.inbox.firstByIdempotencyKey({ ...query, since });
      expect(find(start)).toMatchObject({ id: first.id, answerId: 'msg_answer' });
      expect(find(start + 1)?.id).toBe(second.id);
      expect(find(start + 11)).toBeUndefined();
    });

    it('prunes what is over and old, and keeps what nobody has dealt with', async () => {
      const store = await open();
      const kinds = ['handled', 'dead', 'read', 'waiting', 'leased', 'recent'] as const;
      const messages = new Map(
        kinds.map((kind) => [kind, inMessage({ receivedAt: kind === 'recent' ? start + 20 * day : start })]),
      );
      const id = (kind: (typeof kinds)[number]): MessageId => messages.get(kind)?.id ?? 'msg_none';
      await write(store, (tx) => {
        for (const message of messages.values()) tx.inbox.insert(message);
        tx.inbox.complete(alice, id('handled'));
        tx.inbox.complete(alice, id('recent'));
        tx.inbox.bury(alice, id('dead'), 'x');
        tx.inbox.markRead(alice, [id('read')], start);
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 3 });
        tx.inbox.release(alice, id('waiting'), { notBefore: 0, error: 'x' });
        tx.inbox.release(alice, id('read'), { notBefore: 0, error: 'x' });
      });
      expect(await write(store, (tx) => tx.inbox.prune({ before: start, now: start }))).toBe(0);
      expect(await write(store, (tx) => tx.inbox.prune({ before: start + 10 * day, now: start }))).toBe(3);
      const left = store.read.inbox.list({ agent: alice, limit: 10 });
      expect(idsOf(left)).toEqual([id('recent'), id('leased'), id('waiting')]);
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 2, waiting: 1, leased: 1, dead: 0 });
    });
  });
}
