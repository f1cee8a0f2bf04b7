import { describe, expect, it } from 'vitest';
import type { KeyWindow } from '#delivery';
import type { AgentId } from '#identity';
import type { MessageId } from '#protocol';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, bob, bytesOf, carol, day, death, hour, idsOf, inMessage, since, start, write } from './samples.ts';

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

    it('remembers the last frames of each sender, however old, and so many only', async () => {
      const store = await open();
      const remember = (sender: AgentId, no: number) =>
        write(store, (tx) => tx.inbox.rememberFrame(alice, sender, { frameId: `frm_${no}`, kind: 'app', kept: 3 }));
      const known = (sender = bob) =>
        [1, 2, 3, 4, 5].filter((no) => store.read.inbox.hasFrame(alice, sender, `frm_${no}`));
      for (const no of [1, 2, 2, 3]) await remember(bob, no);
      await remember(carol, 1);
      expect([known(), known(carol)]).toEqual([[1, 2, 3], [1]]);
      await remember(bob, 4);
      await remember(bob, 5);
      expect([known(), known(carol)]).toEqual([[3, 4, 5], [1]]);
    });

    it('remembers with which code a frame was refused', async () => {
      const store = await open();
      const refusal = (sender = bob) => store.read.inbox.refusalOfFrame(alice, sender, 'frm_1');
      expect(refusal()).toBeUndefined();
      const frame = { frameId: 'frm_1', kind: 'app', kept: 9 } as const;
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
        tx.inbox.bury(alice, dead.id, death('broken'));
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
      expect(inbox.message(alice, dead.id)).toMatchObject({
        state: 'dead',
        error: 'broken',
        attempts: 1,
        reason: 'HANDLER_FAILED',
        deadAt: start + 9,
      });
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
      await write(store, (tx) => tx.history.mark());
      const find = (window: KeyWindow) =>
        store.read.inbox.firstByIdempotencyKey({ agent: alice, sender: bob, key: 'k', window });
      expect(find(since(start))).toMatchObject({ id: first.id, answerId: 'msg_answer' });
      expect(find(since(start + 1))?.id).toBe(second.id);
      expect(find(since(start + 11))).toBeUndefined();
      // What the run time says counts for more than a wall clock that jumped, ahead or back.
      expect(find({ since: start + day, ranMs: day, surelyRanMs: hour })?.id).toBe(first.id);
      expect(find({ since: start, ranMs: 0, surelyRanMs: 0 })).toBeUndefined();
    });

    it('finds the message that a replay says again: the first one, or an earlier replay of it', async () => {
      const store = await open();
      const first = inMessage();
      const again = inMessage({ replayOf: first.id });
      const orphan = inMessage({ replayOf: 'msg_never' });
      await write(store, (tx) => {
        for (const message of [first, again, orphan]) tx.inbox.insert(message);
      });
      const same = (original: MessageId, sender = bob) => store.read.inbox.sameAs(alice, sender, original)?.id;
      expect(same(first.id)).toBe(first.id);
      expect(same('msg_never')).toBe(orphan.id);
      expect(same('msg_other')).toBeUndefined();
      expect(same(first.id, carol)).toBeUndefined();
      expect(store.read.inbox.message(alice, again.id)).toMatchObject({ replayOf: first.id });
    });

    it('knows how much nobody has dealt with, of a sender and in all, also after it was opened again', async () => {
      const store = await open();
      const messages = [100, 20, 3].map((size) => inMessage({ body: bytesOf(size) }));
      const [read, handled, left] = messages.map(({ id }) => id);
      if (!read || !handled || !left) throw new Error('three messages');
      const { inbox } = store.read;
      expect(inbox.unreadInAll()).toEqual({ messages: 0, bytes: 0 });
      await write(store, (tx) => {
        for (const message of messages) tx.inbox.insert(message);
        tx.inbox.insert(inMessage({ sender: carol, body: bytesOf(7) }));
        tx.inbox.insert(inMessage({ agent: 'zoe', body: bytesOf(1000) }));
      });
      expect(inbox.unreadFrom(alice, bob)).toEqual({ messages: 3, bytes: 123 });
      expect(inbox.unreadInAll()).toEqual({ messages: 5, bytes: 1130 });
      await write(store, (tx) => {
        tx.inbox.markRead(alice, [read], start);
        tx.inbox.markRead(alice, [read], start);
        tx.inbox.complete(alice, handled);
        tx.inbox.bury(alice, left, death('x'));
      });
      expect(inbox.unreadFrom(alice, bob)).toEqual({ messages: 1, bytes: 3 });
      const failed = write(store, (tx) => {
        tx.inbox.insert(inMessage());
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(inbox.unreadFrom(alice, bob)).toEqual({ messages: 1, bytes: 3 });
      expect(inbox.unreadFrom(alice, 'did:key:z6MkNobody')).toEqual({ messages: 0, bytes: 0 });
      if (harness.reopen === undefined) return;
      const again = await harness.reopen(store);
      expect(again.read.inbox.unreadFrom(alice, bob)).toEqual({ messages: 1, bytes: 3 });
      await again.close();
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
        tx.inbox.bury(alice, id('dead'), death('x'));
        tx.inbox.markRead(alice, [id('read')], start);
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 3 });
        tx.inbox.release(alice, id('waiting'), { notBefore: 0, error: 'x' });
        tx.inbox.release(alice, id('read'), { notBefore: 0, error: 'x' });
      });
      const prune = (options: object) =>
        write(store, (tx) => tx.inbox.prune({ before: start + 10 * day, now: start + 30 * day, ranMs: 0, ...options }));
      // Nothing is known of how long they were here, then not long enough, then they could still be taken again.
      expect(await prune({})).toBe(0);
      await write(store, (tx) => tx.history.mark());
      expect(await prune({ ranMs: hour })).toBe(0);
      expect(await prune({ now: start })).toBe(0);
      expect(await prune({ before: start })).toBe(0);
      expect(await prune({})).toBe(3);
      const left = store.read.inbox.list({ agent: alice, limit: 10 });
      expect(idsOf(left)).toEqual([id('recent'), id('leased'), id('waiting')]);
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 2, waiting: 1, leased: 1, dead: 0 });
    });
  });
}
