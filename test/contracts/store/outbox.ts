import { describe, expect, it } from 'vitest';
import type { KeyWindow } from '#delivery';
import type { MessageId } from '#protocol';
import { type StoreHarness, useStore } from './harness.ts';
import {
  alice,
  bob,
  bytesOf,
  carol,
  day,
  hour,
  idsOf,
  outFrame,
  outMessage,
  sentMessages,
  since,
  start,
  toBob,
  toCarol,
  write,
} from './samples.ts';

export function outboxStoreContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('the outbox', () => {
    it('gives back every field of a message, by id and by prefix', async () => {
      const store = await open();
      const full = outMessage({ correlationId: 'msg_c', idempotencyKey: 'key', priority: 'low', type: 'alert' });
      const seq = await write(store, (tx) => tx.outbox.insert(full));
      const expected = { ...full, seq, state: 'queued', attempts: 0 };
      expect(store.read.outbox.message(alice, full.id)).toEqual(expected);
      expect(store.read.outbox.messagesByPrefix(alice, full.id.slice(0, 39))).toEqual([expected]);
      expect(store.read.outbox.message('zoe', full.id)).toBeUndefined();
      expect(store.read.outbox.messagesByPrefix('zoe', full.id)).toEqual([]);
      expect(store.read.outbox.messagesByPrefix(alice, 'msg_x')).toEqual([]);
    });

    it('finds at most ten messages by a prefix', async () => {
      const store = await open();
      await write(store, (tx) => {
        for (let index = 0; index < 12; index += 1) tx.outbox.insert(outMessage({ id: `msg_same${index}` }));
      });
      expect(store.read.outbox.messagesByPrefix(alice, 'msg_same')).toHaveLength(10);
    });

    it('refuses the same id twice, also within one work', async () => {
      const store = await open();
      const message = outMessage();
      const twice = write(store, (tx) => {
        tx.outbox.insert(message);
        tx.outbox.insert(message);
      });
      await expect(twice).rejects.toMatchObject({ code: 'INTERNAL' });
      expect(store.read.outbox.message(alice, message.id)).toBeUndefined();
    });

    it('rewrites what waits for one peer, and nothing that is sealed, ended or for another', async () => {
      const store = await open();
      const waiting = Array.from({ length: 250 }, () => outMessage());
      const [sealed, ended, other] = [outMessage(), outMessage({ expiresAt: start }), outMessage({ ...toCarol })];
      await write(store, (tx) => {
        for (const message of [...waiting, sealed, ended, other]) tx.outbox.insert(message);
        tx.outbox.insertFrame(outFrame({ messageIds: [sealed.id] }));
        tx.outbox.expire(start);
        tx.outbox.rewriteWaiting(toBob, (body) => bytesOf(body.length + 1));
      });
      const sizes = (messages: readonly { readonly id: MessageId }[]) =>
        new Set(messages.map(({ id }) => store.read.outbox.message(alice, id)?.body.length));
      expect(sizes(waiting)).toEqual(new Set([101]));
      expect(sizes([sealed, ended, other])).toEqual(new Set([100]));
    });

    it('numbers messages in the order they were inserted', async () => {
      const store = await open();
      const seqs = await write(store, (tx) => [1, 2, 3].map(() => tx.outbox.insert(outMessage())));
      const next = await write(store, (tx) => tx.outbox.insert(outMessage()));
      expect([...seqs, next].toSorted((a, b) => a - b)).toEqual([...seqs, next]);
      expect(new Set([...seqs, next]).size).toBe(4);
    });

    it('offers waiting messages by priority, then age, up to the limits', async () => {
      const store = await open();
      const low = outMessage({ priority: 'low', body: bytesOf(400) });
      const first = outMessage({ body: bytesOf(400) });
      const second = outMessage({ body: bytesOf(400) });
      const high = outMessage({ priority: 'high', body: bytesOf(400) });
      await write(store, (tx) => {
        for (const message of [low, first, second, high, outMessage({ peer: carol })]) tx.outbox.insert(message);
      });
      const waiting = (maxBytes: number, limit = 10) => idsOf(store.read.outbox.waiting({ ...toBob, maxBytes, limit }));
      expect(waiting(10_000)).toEqual(idsOf([high, first, second, low]));
      expect(waiting(1200)).toEqual(idsOf([high, first, second]));
      expect(waiting(1199)).toEqual(idsOf([high, first]));
      expect(waiting(10_000, 1)).toEqual([high.id]);
      // At least one, however large.
      expect(waiting(1)).toEqual([high.id]);
      expect(store.read.outbox.waitingCount(alice, bob)).toBe(4);
      expect(store.read.outbox.waitingCount(alice, carol)).toBe(1);
      expect(store.read.outbox.waitingCount('zoe', bob)).toBe(0);
    });

    it('binds to a frame the messages of the same work and those that waited, none of another peer', async () => {
      const store = await open();
      const stored = outMessage();
      const other = outMessage({ peer: carol });
      await write(store, (tx) => {
        tx.outbox.insert(stored);
        tx.outbox.insert(other);
      });
      const fresh = outMessage();
      const later = outMessage();
      const sealed = outFrame({ messageIds: [stored.id, fresh.id, other.id] });
      await write(store, (tx) => {
        tx.outbox.insert(fresh);
        tx.outbox.insert(later);
        tx.outbox.insertFrame(sealed);
      });
      const { outbox } = store.read;
      const frameOf = (id: MessageId) => outbox.message(alice, id)?.frameId;
      expect([frameOf(stored.id), frameOf(fresh.id)]).toEqual([sealed.frame.id, sealed.frame.id]);
      expect([frameOf(other.id), frameOf(later.id)]).toEqual([undefined, undefined]);
      expect(outbox.message(alice, fresh.id)).toMatchObject({ state: 'queued', sealedAt: sealed.frame.createdAt });
      expect(outbox.waitingCount(alice, bob)).toBe(1);
      expect(outbox.waitingCount(alice, carol)).toBe(1);
    });

    it('gives frames back exactly as they were sealed, in that order, until they are acknowledged', async () => {
      const store = await open();
      const held = [outMessage(), outMessage()];
      const frames = [
        outFrame({ messageIds: held.map(({ id }) => id) }),
        outFrame({ kind: 'welcome' }),
        outFrame({ groupId: 'bb' }),
      ];
      await write(store, (tx) => {
        for (const message of held) tx.outbox.insert(message);
        for (const frame of frames) tx.outbox.insertFrame(frame);
        tx.outbox.insertFrame(outFrame({ peer: carol }));
      });
      const stored = frames.map(({ messageIds: _, receiptSeqs: __, ...rest }) => rest);
      expect(store.read.outbox.frames(alice, bob)).toEqual(stored);
      const second = frames[1]?.frame.id ?? 'frm_none';
      await write(store, (tx) => tx.outbox.acknowledge(second));
      await write(store, (tx) => tx.outbox.acknowledge(second));
      expect(store.read.outbox.frames(alice, bob)).toEqual([stored[0], stored[2]]);
    });

    it('says which messages are sent by a frame that was written: not those that came further before', async () => {
      const store = await open();
      const [first, second] = [outMessage(), outMessage()];
      const frame = outFrame({ messageIds: [first.id, second.id] });
      const ids = await write(store, (tx) => {
        for (const message of [first, second]) tx.outbox.insert(message);
        tx.outbox.insertFrame(frame);
        tx.outbox.applyReceipt(toBob, { kind: 'seen', messageIds: [first.id], at: start + 1 });
        return tx.outbox.markSent(frame.frame.id, { at: start + 2, route: 'direct x' });
      });
      expect(ids).toEqual([second.id]);
      expect(store.read.outbox.message(alice, first.id)?.state).toBe('seen');
    });

    it('knows the first time and route, the last ones, and the number of attempts', async () => {
      const store = await open();
      const message = outMessage();
      const frameId = await sentMessages(store, [message]);
      await write(store, (tx) => tx.outbox.markSent(frameId, { at: start + 9, route: 'hub x' }));
      expect(store.read.outbox.message(alice, message.id)).toMatchObject({
        state: 'sent',
        sentAt: start + 2,
        firstRoute: 'direct http://b',
        resentAt: start + 9,
        route: 'hub x',
        attempts: 2,
      });
    });

    it('says nothing about messages when a frame is acknowledged', async () => {
      const store = await open();
      const message = outMessage();
      const frameId = await sentMessages(store, [message]);
      await write(store, (tx) => tx.outbox.acknowledge(frameId));
      expect(store.read.outbox.message(alice, message.id)).toMatchObject({ state: 'sent', frameId });
      expect(store.read.outbox.frames(alice, bob)).toEqual([]);
    });

    it('ends the messages of a frame that the peer refuses, and no others', async () => {
      const store = await open();
      const [one, two, other] = [outMessage(), outMessage(), outMessage()];
      const frameId = await sentMessages(store, [one, two]);
      await sentMessages(store, [other]);
      const refused = await write(store, (tx) =>
        tx.outbox.refuseFrame(frameId, { code: 'WRONG_RECIPIENT', at: start + 5 }),
      );
      expect(refused).toEqual([one.id, two.id]);
      expect(store.read.outbox.message(alice, one.id)).toMatchObject({
        state: 'refused',
        reason: 'WRONG_RECIPIENT',
        endedAt: start + 5,
        endedBy: 'link',
        sentAt: start + 2,
      });
      expect(store.read.outbox.message(alice, other.id)?.state).toBe('sent');
      expect(store.read.outbox.frames(alice, bob)).toHaveLength(1);
      expect(await write(store, (tx) => tx.outbox.refuseFrame(frameId, { code: 'MALFORMED', at: 1 }))).toEqual([]);
    });

    it('makes the messages and receipts of a lost session wait again and keeps what was delivered', async () => {
      const store = await open();
      const [delivered, sent, never, ended] = [outMessage(), outMessage(), outMessage(), outMessage()];
      const deliveredFrame = await sentMessages(store, [delivered]);
      const lost = outFrame({ messageIds: [sent.id, ended.id] });
      await write(store, (tx) => {
        tx.outbox.applyReceipt(toBob, { kind: 'delivered', frameId: deliveredFrame, at: start + 3 });
        tx.outbox.insert(sent);
        tx.outbox.insert(ended);
        tx.outbox.queueReceipt(toBob, { kind: 'seen', messageIds: ['msg_1'], at: 1 });
        const receiptSeqs = tx.outbox.receipts({ ...toBob, limit: 10 }).map(({ seq }) => seq);
        tx.outbox.insertFrame({ ...lost, receiptSeqs });
        tx.outbox.markSent(lost.frame.id, { at: start + 4, route: 'direct x' });
        tx.outbox.acknowledge(lost.frame.id);
        tx.outbox.applyReceipt(toBob, { kind: 'refused', messageId: ended.id, code: 'NOT_PERMITTED', at: start + 5 });
        tx.outbox.insert(never);
        tx.outbox.insertFrame(outFrame({ groupId: 'other', messageIds: [never.id] }));
      });
      expect(await write(store, (tx) => tx.outbox.unseal(alice, 'aa'))).toEqual([sent.id]);
      const { outbox } = store.read;
      const again = outbox.message(alice, sent.id);
      expect(again).toMatchObject({ state: 'queued', sentAt: start + 4, route: 'direct x', attempts: 1 });
      expect(again?.frameId).toBeUndefined();
      expect(idsOf(outbox.waiting({ ...toBob, maxBytes: 1000, limit: 9 }))).toEqual([sent.id]);
      expect(outbox.waitingCount(alice, bob)).toBe(1);
      expect(outbox.message(alice, delivered.id)?.state).toBe('delivered');
      expect(outbox.message(alice, ended.id)).toMatchObject({ state: 'refused', attempts: 1 });
      expect(outbox.message(alice, never.id)?.frameId).toBeDefined();
      expect(outbox.frames(alice, bob)).toHaveLength(1);
      // Sealed anew, both journeys count.
      await sentMessages(store, []);
      const anew = outFrame({ groupId: 'cc', messageIds: [sent.id] });
      await write(store, (tx) => {
        tx.outbox.insertFrame(anew);
        tx.outbox.markSent(anew.frame.id, { at: start + 50, route: 'direct y' });
      });
      const sentAgain = {
        state: 'sent',
        sealedAt: start + 1,
        resealedAt: start + 1,
        sentAt: start + 4,
        firstRoute: 'direct x',
        resentAt: start + 50,
        route: 'direct y',
        attempts: 2,
      };
      expect(outbox.message(alice, sent.id)).toMatchObject(sentAgain);
    });

    it('unseals the frames of all sessions of an agent, and leaves other agents alone', async () => {
      const store = await open();
      const [first, second, foreign] = [outMessage(), outMessage({ peer: carol }), outMessage({ agent: 'zoe' })];
      const frames = [
        outFrame({ groupId: 'aa', messageIds: [first.id] }),
        outFrame({ groupId: 'bb', peer: carol, messageIds: [second.id] }),
        outFrame({ groupId: 'bb', peer: carol, kind: 'commit' }),
        outFrame({ groupId: 'aa', agent: 'zoe', messageIds: [foreign.id] }),
      ];
      await write(store, (tx) => {
        for (const message of [first, second, foreign]) tx.outbox.insert(message);
        for (const frame of frames) tx.outbox.insertFrame(frame);
      });
      expect(await write(store, (tx) => tx.outbox.unsealAll(alice))).toBe(2);
      const { outbox } = store.read;
      expect([outbox.waitingCount(alice, bob), outbox.waitingCount(alice, carol)]).toEqual([1, 1]);
      expect([...outbox.frames(alice, bob), ...outbox.frames(alice, carol)]).toEqual([]);
      expect(outbox.frames('zoe', bob)).toHaveLength(1);
      expect(await write(store, (tx) => tx.outbox.unsealAll(alice))).toBe(0);
    });

    it('keeps receipts of an unacknowledged frame for the next session', async () => {
      const store = await open();
      const receipt = { kind: 'delivered', frameId: 'frm_x', at: 5 } as const;
      await write(store, (tx) => {
        tx.outbox.queueReceipt(toBob, receipt);
        tx.outbox.queueReceipt(toCarol, receipt);
      });
      const { outbox } = store.read;
      const queued = outbox.receipts({ ...toBob, limit: 10 });
      expect(queued.map((entry) => entry.receipt)).toEqual([receipt]);
      const sealed = outFrame({ kind: 'receipt', receiptSeqs: queued.map(({ seq }) => seq) });
      await write(store, (tx) => tx.outbox.insertFrame(sealed));
      expect(outbox.receipts({ ...toBob, limit: 10 })).toEqual([]);
      expect(await write(store, (tx) => tx.outbox.unseal(alice, 'aa'))).toEqual([]);
      expect(outbox.receipts({ ...toBob, limit: 10 })).toEqual(queued);
      const again = outFrame({ kind: 'receipt', receiptSeqs: queued.map(({ seq }) => seq) });
      await write(store, (tx) => {
        tx.outbox.insertFrame(again);
        tx.outbox.acknowledge(again.frame.id);
      });
      expect(await write(store, (tx) => tx.outbox.unseal(alice, 'aa'))).toEqual([]);
      expect(outbox.receipts({ ...toBob, limit: 10 })).toEqual([]);
      expect(outbox.receipts({ ...toCarol, limit: 10 })).toHaveLength(1);
    });

    it('gives back receipts of every kind in order, up to the limit', async () => {
      const store = await open();
      const receipts = [
        { kind: 'refused', messageId: 'msg_1', code: 'EXPIRED', at: 1 },
        { kind: 'delivered', frameId: 'frm_1', at: 2 },
        { kind: 'seen', messageIds: ['msg_2', 'msg_3'], at: 3 },
        { kind: 'answered', messageId: 'msg_2', answerId: 'msg_4', at: 4 },
      ] as const;
      await write(store, (tx) => {
        for (const receipt of receipts) tx.outbox.queueReceipt(toBob, receipt);
      });
      const queued = store.read.outbox.receipts({ ...toBob, limit: 10 });
      expect(queued.map(({ receipt }) => receipt)).toEqual(receipts);
      expect(store.read.outbox.receipts({ ...toBob, limit: 2 })).toEqual(queued.slice(0, 2));
    });

    it('takes back what tells of an answer, as long as it was not sealed', async () => {
      const store = await open();
      const told = { kind: 'answered', messageId: 'msg_1', answerId: 'msg_2', at: 1 } as const;
      const other = { kind: 'answered', messageId: 'msg_3', answerId: 'msg_4', at: 2 } as const;
      await write(store, (tx) => {
        for (const receipt of [told, other]) tx.outbox.queueReceipt(toBob, receipt);
        tx.outbox.queueReceipt(toCarol, told);
      });
      expect(await write(store, (tx) => tx.outbox.withdrawAnswered(toBob, 'msg_2'))).toBe(true);
      const left = () => store.read.outbox.receipts({ ...toBob, limit: 10 }).map(({ receipt }) => receipt);
      expect(left()).toEqual([other]);
      expect(store.read.outbox.receipts({ ...toCarol, limit: 10 })).toHaveLength(1);
      expect(await write(store, (tx) => tx.outbox.withdrawAnswered(toBob, 'msg_2'))).toBe(false);
      expect(await write(store, (tx) => tx.outbox.withdrawAnswered(toBob, 'msg_3'))).toBe(false);
    });

    it('finds the message with an idempotency key within the window', async () => {
      const store = await open();
      const first = outMessage({ idempotencyKey: 'k', createdAt: start });
      await write(store, (tx) => {
        tx.outbox.insert(first);
        tx.outbox.insert(outMessage({ idempotencyKey: 'other', createdAt: start }));
        tx.outbox.insert(outMessage({ idempotencyKey: 'k', peer: carol, createdAt: start }));
      });
      await write(store, (tx) => tx.history.mark());
      const find = (window: KeyWindow, key = 'k') => store.read.outbox.byIdempotencyKey({ ...toBob, key, window })?.id;
      expect(find(since(start))).toBe(first.id);
      expect([find(since(start + 1)), find(since(start), 'none')]).toEqual([undefined, undefined]);
      // What the run time says counts for more than a wall clock that jumped, ahead or back.
      expect(find({ since: start + day, ranMs: day, surelyRanMs: hour })).toBe(first.id);
      expect(find({ since: start, ranMs: 0, surelyRanMs: 0 })).toBeUndefined();
      await write(store, (tx) => tx.outbox.cancel(alice, first.id, start));
      expect(find(since(start))).toBeUndefined();
    });

    it('lists newest first, by peer and by state', async () => {
      const store = await open();
      const [queued, sealed, sent, delivered, ended] = Array.from({ length: 5 }, () => outMessage());
      if (!queued || !sealed || !sent || !delivered || !ended) throw new Error('five messages');
      const elsewhere = outMessage({ peer: carol });
      await write(store, (tx) => tx.outbox.insert(queued));
      await write(store, (tx) => {
        tx.outbox.insert(sealed);
        tx.outbox.insertFrame(outFrame({ messageIds: [sealed.id] }));
      });
      await sentMessages(store, [sent]);
      const frameId = await sentMessages(store, [delivered]);
      await sentMessages(store, [ended]);
      await write(store, (tx) => {
        tx.outbox.applyReceipt(toBob, { kind: 'delivered', frameId, at: 1 });
        tx.outbox.applyReceipt(toBob, { kind: 'refused', messageId: ended.id, code: 'NOT_PERMITTED', at: 1 });
        tx.outbox.insert(elsewhere);
      });
      const list = (query: object) => idsOf(store.read.outbox.list({ agent: alice, limit: 10, ...query }));
      expect(list({})).toEqual(idsOf([elsewhere, ended, delivered, sent, sealed, queued]));
      expect(list({ peer: bob, limit: 2 })).toEqual(idsOf([ended, delivered]));
      expect(list({ states: ['queued'] })).toEqual(idsOf([elsewhere, sealed, queued]));
      expect(list({ states: ['queued', 'sent'], peer: bob })).toEqual(idsOf([sent, sealed, queued]));
      expect(list({ states: ['refused', 'expired'] })).toEqual([ended.id]);
      expect(list({ states: ['sent', 'delivered', 'refused'] })).toEqual(idsOf([ended, delivered, sent]));
      expect(list({ agent: 'zoe' })).toEqual([]);
    });

    it('knows the peers with anything to send, and how much', async () => {
      const store = await open();
      const { outbox } = store.read;
      expect(outbox.peersWithWork(alice)).toEqual([]);
      const message = outMessage({ createdAt: start - 5 });
      await write(store, (tx) => {
        tx.outbox.insert(message);
        tx.outbox.insert(outMessage({ priority: 'low', createdAt: start - 9 }));
        tx.outbox.queueReceipt(toCarol, { kind: 'delivered', frameId: 'frm_1', at: 1 });
      });
      expect(outbox.peersWithWork(alice)).toEqual([bob, carol]);
      expect(outbox.depths(alice)).toEqual([{ peer: bob, waiting: 2, inFlight: 0, oldestAt: start - 9 }]);
      const sealed = outFrame({ messageIds: idsOf(outbox.list({ agent: alice, limit: 9 })) as MessageId[] });
      await write(store, (tx) => tx.outbox.insertFrame(sealed));
      const inFlight = { peer: bob, waiting: 0, inFlight: 1, oldestAt: sealed.frame.createdAt };
      expect(outbox.depths(alice)).toEqual([inFlight]);
      expect(outbox.peersWithWork(alice)).toEqual([bob, carol]);
      await write(store, (tx) => tx.outbox.acknowledge(sealed.frame.id));
      expect(outbox.depths(alice)).toEqual([]);
      expect(outbox.peersWithWork(alice)).toEqual([carol]);
      expect(outbox.peersWithWork('zoe')).toEqual([]);
    });

    it('refuses what waits for a peer and leaves what is sealed', async () => {
      const store = await open();
      const [sealed, waiting, other] = [outMessage(), outMessage(), outMessage({ peer: carol })];
      await sentMessages(store, [sealed]);
      await write(store, (tx) => {
        tx.outbox.insert(waiting);
        tx.outbox.insert(other);
      });
      const code = 'CONTACT_BLOCKED';
      const refused = await write(store, (tx) => tx.outbox.refuseWaiting(toBob, { code, at: start + 3 }));
      expect(refused).toEqual([waiting.id]);
      const ended = { state: 'refused', reason: code, endedAt: start + 3, endedBy: 'this node' };
      expect(store.read.outbox.message(alice, waiting.id)).toMatchObject(ended);
      expect(store.read.outbox.message(alice, sealed.id)?.state).toBe('sent');
      expect(store.read.outbox.waitingCount(alice, bob)).toBe(0);
      expect(store.read.outbox.waitingCount(alice, carol)).toBe(1);
    });

    it('expires what waits and what was sealed but never delivered, each when its time is over', async () => {
      const store = await open();
      const soon = { expiresAt: start + hour };
      const [waiting, sealed, later, delivered] = [
        outMessage(soon),
        outMessage(soon),
        outMessage({ expiresAt: start + 2 * hour }),
        outMessage(soon),
      ];
      await sentMessages(store, [sealed, later]);
      const frameId = await sentMessages(store, [delivered]);
      await write(store, (tx) => {
        tx.outbox.insert(waiting);
        tx.outbox.applyReceipt(toBob, { kind: 'delivered', frameId, at: 1 });
      });
      const expire = (now: number) => write(store, (tx) => tx.outbox.expire(now));
      expect(await expire(start + hour - 1)).toEqual([]);
      expect(await expire(start + hour)).toEqual([waiting, sealed].map(({ id }) => ({ ...toBob, id })));
      expect(await expire(start + hour)).toEqual([]);
      expect(store.read.outbox.message(alice, waiting.id)).toMatchObject({ state: 'expired', endedAt: start + hour });
      expect(store.read.outbox.message(alice, later.id)?.state).toBe('sent');
      expect(store.read.outbox.message(alice, delivered.id)?.state).toBe('delivered');
      expect(store.read.outbox.waitingCount(alice, bob)).toBe(0);
      expect(await expire(start + 2 * hour)).toEqual([{ ...toBob, id: later.id }]);
    });

    it('prunes what ended or was delivered long enough ago, with its frames, and nothing under way', async () => {
      const store = await open();
      const [old, ended, recent, waiting] = [outMessage(), outMessage(), outMessage(), outMessage()];
      const oldFrame = await sentMessages(store, [old]);
      const endedFrame = await sentMessages(store, [ended]);
      const recentFrame = await sentMessages(store, [recent]);
      const newest = outMessage({ createdAt: start + 40 * day });
      await write(store, (tx) => {
        for (const id of [oldFrame, endedFrame, recentFrame]) tx.outbox.acknowledge(id);
        tx.outbox.applyReceipt(toBob, { kind: 'delivered', frameId: oldFrame, at: start + day });
        tx.outbox.applyReceipt(toBob, { kind: 'refused', messageId: ended.id, code: 'NOT_PERMITTED', at: start + day });
        tx.outbox.applyReceipt(toBob, { kind: 'delivered', frameId: recentFrame, at: start + 20 * day });
        tx.outbox.insert(waiting);
        tx.outbox.insert(newest);
      });
      const prune = (before: number, ranMs = 0) => write(store, (tx) => tx.outbox.prune({ before, ranMs }));
      // Nothing is known of how long they were here, then not long enough.
      expect(await prune(start + 10 * day)).toBe(0);
      await write(store, (tx) => tx.history.mark());
      expect(await prune(start + 10 * day, hour)).toBe(0);
      expect(await prune(start + day)).toBe(0);
      expect(await prune(start + 10 * day)).toBe(2);
      const left = idsOf(store.read.outbox.list({ agent: alice, limit: 10 }));
      expect(left).toEqual(idsOf([newest, waiting, recent]));
      expect(store.read.outbox.waitingCount(alice, bob)).toBe(2);
    });
  });
}
