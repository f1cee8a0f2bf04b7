import { describe, expect, it } from 'vitest';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, bob, bobNew, ids, inMessage, outMessage, start, write } from './samples.ts';

const findings = [
  { rule: 'r', kind: 'secret', severity: 'high', where: 'body', at: 1, length: 2, says: 'looks like a secret' },
] as const;
const review = { verdict: 'review', findings, at: start } as const;
const from = { agent: alice, sender: bob };
const later = { toFiles: false, expiresAt: start + 1000 };

export function guardContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('messages that wait for the owner', () => {
    it('that came in are offered to nobody before they go on, in their order', async () => {
      const store = await open();
      const [held, next] = [inMessage(), inMessage()];
      const lease = { agent: alice, types: [held.type], now: start, limit: 10 };
      await write(store, (tx) => {
        tx.inbox.insert(held);
        tx.inbox.insert(next);
        tx.inbox.holdForReview(from, held.id);
        const seq = tx.inbox.sameAs(alice, bob, held.id)?.seq ?? 0;
        tx.guards.put({ direction: 'in', seq }, review);
      });
      const row = store.read.inbox.message(alice, held.id);
      expect(row?.state).toBe('review');
      expect(store.read.guards.held(alice, 10)).toMatchObject([{ direction: 'in', id: held.id, peer: bob, findings }]);
      expect(store.read.guards.heldCount(alice)).toEqual({ in: 1, out: 0 });
      expect((await write(store, (tx) => tx.inbox.lease(lease))).map(({ id }) => id)).toEqual([next.id]);
      expect(store.read.inbox.nextOffer(lease)).toBeUndefined();
      expect(await write(store, (tx) => tx.inbox.endReview(from, held.id, later))).toBe(true);
      expect(await write(store, (tx) => tx.inbox.endReview(from, held.id, later))).toBe(false);
      expect((await write(store, (tx) => tx.inbox.lease(lease))).map(({ id }) => id)).toEqual([held.id]);
      expect(store.read.guards.findings([row?.seq ?? 0]).get(row?.seq ?? 0)).toEqual(findings);
    });

    it('may have to wait for their files afterwards, and are buried when those do not come', async () => {
      const store = await open();
      const held = inMessage();
      await write(store, (tx) => {
        tx.inbox.insert(held);
        tx.inbox.hold(from, held.id);
        tx.inbox.holdForReview(from, held.id);
      });
      expect(await write(store, (tx) => tx.inbox.unhold(from, held.id))).toBe(false);
      await write(store, (tx) => tx.inbox.endReview(from, held.id, { ...later, toFiles: true }));
      expect(store.read.inbox.message(alice, held.id)?.state).toBe('new');
      expect(await write(store, (tx) => tx.inbox.unhold(from, held.id))).toBe(true);
      await write(store, (tx) => tx.inbox.holdForReview(from, held.id));
      const death = { error: 'no', reason: 'GUARD_BLOCKED', at: start } as const;
      expect(await write(store, (tx) => tx.inbox.buryHeld(from, held.id, death))).toBe(true);
      expect(store.read.inbox.message(alice, held.id)).toMatchObject({ state: 'dead', reason: 'GUARD_BLOCKED' });
    });

    it('that are to be sent wait for no link and count for no queue, and go on or end', async () => {
      const store = await open();
      const [sent, refused, old] = [outMessage(), outMessage(), outMessage({ expiresAt: start + 5 })];
      await write(store, (tx) => {
        for (const message of [sent, refused, old]) {
          const seq = tx.outbox.insert({ ...message, isHeld: true });
          tx.guards.put({ direction: 'out', seq }, review);
        }
      });
      expect(store.read.outbox.message(alice, sent.id)?.state).toBe('review');
      expect(store.read.outbox.list({ agent: alice, states: ['review'], limit: 10 })).toHaveLength(3);
      expect(store.read.outbox.waitingFor(alice, bob).messages).toBe(0);
      expect(store.read.guards.heldCount(alice)).toEqual({ in: 0, out: 3 });
      await write(store, (tx) => tx.outbox.release(alice, sent.id));
      expect(store.read.outbox.waitingFor(alice, bob)).toEqual({ messages: 1, bytes: sent.body.length });
      expect(await write(store, (tx) => tx.outbox.release(alice, sent.id))).toBe(false);
      const denied = { code: 'GUARD_BLOCKED', at: start } as const;
      expect(await write(store, (tx) => tx.outbox.deny(alice, refused.id, denied))).toBe(true);
      expect(await write(store, (tx) => tx.outbox.deny(alice, sent.id, denied))).toBe(false);
      expect((await write(store, (tx) => tx.outbox.expire(start + 6))).map(({ id }) => id)).toEqual([old.id]);
      const states = [sent, refused, old].map(({ id }) => store.read.outbox.message(alice, id)?.state);
      expect(states).toEqual(['queued', 'cancelled', 'expired']);
    });

    it('are of whoever the peer is called now, and addressed anew with the others', async () => {
      const store = await open();
      const held = outMessage();
      await write(store, (tx) => {
        const seq = tx.outbox.insert({ ...held, isHeld: true });
        tx.guards.put({ direction: 'out', seq }, review);
        tx.contacts.rename(alice, bob, bobNew);
        tx.outbox.rewriteWaiting({ agent: alice, peer: bobNew }, () => new Uint8Array(3));
      });
      expect(store.read.guards.held(alice, 10)).toMatchObject([{ id: held.id, peer: bobNew }]);
      expect(store.read.outbox.message(alice, held.id)?.body).toHaveLength(3);
      expect(store.read.outbox.waitingFor(alice, bobNew)).toEqual({ messages: 0, bytes: 0 });
    });

    it('are forgotten with their messages, and so is what was heard because of them', async () => {
      const store = await open();
      const came = inMessage();
      await write(store, (tx) => tx.inbox.insert(came));
      const seq = store.read.inbox.message(alice, came.id)?.seq ?? 0;
      const source = { agent: bob, message: ids.next('msg') };
      await write(store, (tx) => {
        for (const no of [seq, seq + 1000]) {
          tx.guards.put({ direction: 'in', seq: no }, review);
          tx.sources.add(no, source);
          tx.sources.add(no, source);
        }
        tx.guards.decide({ direction: 'in', seq }, { decision: 'denied', at: start + 1 });
      });
      expect(await write(store, (tx) => tx.guards.prune())).toBe(1);
      expect(await write(store, (tx) => tx.sources.prune())).toBe(1);
      expect(store.read.guards.row({ direction: 'in', seq })).toEqual({
        ...review,
        decision: 'denied',
        decidedAt: start + 1,
      });
      expect(store.read.sources.heard(seq)).toEqual([source]);
      expect(store.read.guards.row({ direction: 'in', seq: seq + 1000 })).toBeUndefined();
    });
  });
}
