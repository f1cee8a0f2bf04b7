import { describe, expect, it } from 'vitest';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, bob, bobNew, hour, ids, inMessage, outMessage, start, write } from './samples.ts';

const some = { turns: 5, hops: 3 };
const priced = { turns: 5, hops: 3, tokens: 1000, costUsd: 0.25 };
const nothing = { turns: 0, hops: 0 };

export function budgetStoreContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('budgets', () => {
    it('gives back what is left as it was written last', async () => {
      const store = await open();
      expect(store.read.budgets.left(7)).toBeUndefined();
      await write(store, (tx) => tx.budgets.setLeft(7, some));
      expect(store.read.budgets.left(7)).toEqual(some);
      await write(store, (tx) => tx.budgets.setLeft(7, priced));
      expect(store.read.budgets.left(7)).toEqual(priced);
    });

    it('gives back what went out with a message, and what came back', async () => {
      const store = await open();
      const message = ids.next('msg');
      const given = { cause: 7, given: priced, back: { turns: 2, hops: 0, tokens: 10, costUsd: 0.05 } };
      await write(store, (tx) => tx.budgets.setGiven(alice, message, given));
      expect(store.read.budgets.given(alice, message)).toEqual(given);
      expect(store.read.budgets.given('zoe', message)).toBeUndefined();
      await write(store, (tx) => tx.budgets.setGiven(alice, message, { cause: undefined, given: some, back: nothing }));
      expect(store.read.budgets.given(alice, message)).toEqual({ cause: undefined, given: some, back: nothing });
    });

    it('forgets what belongs to messages that are gone, and nothing else', async () => {
      const store = await open();
      const [came, sent] = [inMessage(), outMessage()];
      await write(store, (tx) => {
        tx.inbox.insert(came);
        tx.outbox.insert(sent);
      });
      const seq = store.read.inbox.message(alice, came.id)?.seq ?? 0;
      await write(store, (tx) => {
        for (const no of [seq, seq + 1000]) tx.budgets.setLeft(no, some);
        for (const id of [sent.id, ids.next('msg')])
          tx.budgets.setGiven(alice, id, { cause: seq, given: some, back: nothing });
      });
      expect(await write(store, (tx) => tx.budgets.prune())).toBe(2);
      expect(await write(store, (tx) => tx.budgets.prune())).toBe(0);
      expect(store.read.budgets.left(seq)).toEqual(some);
      expect(store.read.budgets.given(alice, sent.id)).toBeDefined();
    });

    it('says when one more turn of a conversation is free, and in which ones none is', async () => {
      const store = await open();
      const [busy, quiet] = [ids.next('conv'), ids.next('conv')];
      const asked = { conversation: busy, now: start + 10_000, windowMs: hour, most: 3 };
      expect(store.read.contacts.turnFreeAt(alice, bob, asked)).toBeUndefined();
      await write(store, (tx) => {
        for (const at of [start, start + 1000, start + 5000])
          tx.contacts.countConversationTurn(alice, bob, { conversation: busy, at });
        tx.contacts.countConversationTurn(alice, bob, { conversation: quiet, at: start });
      });
      const { contacts } = store.read;
      expect(contacts.turnFreeAt(alice, bob, asked)).toBe(start + 1000 + hour);
      expect(contacts.turnFreeAt(alice, bob, { ...asked, most: 1 })).toBe(start + 6000 + hour);
      expect(contacts.turnFreeAt(alice, bob, { ...asked, most: 4 })).toBeUndefined();
      expect(contacts.turnFreeAt(alice, bob, { ...asked, now: start + 1000 + hour })).toBeUndefined();
      expect(contacts.turnFreeAt(alice, bob, { ...asked, conversation: quiet })).toBeUndefined();
      const full = { agent: alice, now: start + 10_000, windowMs: hour, most: 3 };
      expect(contacts.fullConversations(full)).toEqual([{ peer: bob, conversation: busy }]);
      expect(contacts.fullConversations({ ...full, agent: 'zoe' })).toEqual([]);
      expect(contacts.fullConversations({ ...full, now: start + 2 * hour })).toEqual([]);
      await write(store, (tx) => tx.contacts.prune({ now: start + 72 * hour, ranMs: 0 }));
      expect(contacts.fullConversations({ ...full, now: start })).toEqual([]);
    });

    it('follows a message that came under both ids of a peer with a new key', async () => {
      const store = await open();
      const message = inMessage();
      await write(store, (tx) => {
        tx.inbox.insert({ ...message, sender: bobNew });
        tx.inbox.insert({ ...message, sender: bob });
      });
      const seqs = store.read.inbox.list({ agent: alice, limit: 10 }).map(({ seq }) => seq);
      await write(store, (tx) => {
        for (const seq of seqs) tx.budgets.setLeft(seq, { turns: 1, hops: 1 });
        tx.contacts.rename(alice, bob, bobNew);
      });
      const [kept, ...others] = store.read.inbox.list({ agent: alice, limit: 10 });
      expect(others).toEqual([]);
      expect(store.read.budgets.left(kept?.seq ?? 0)).toEqual({ turns: 1, hops: 1 });
      expect(seqs.filter((seq) => store.read.budgets.left(seq) !== undefined)).toHaveLength(1);
      expect(kept?.receivedAt).toBe(start);
    });
  });
}
