import { describe, expect, it } from 'vitest';
import { MeshError } from '#kernel';
import type { MeshTransaction } from '#pipeline';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, bob, contactOf, inMessage, outMessage, sessionOf, toBob } from './samples.ts';

export function transactContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('transactions', () => {
    it('resolves with what the work returned, and then the write can be read', async () => {
      const store = await open();
      const result = await store.transact((tx) => {
        tx.values.set('card-seq', '7');
        return 42;
      });
      expect(result).toBe(42);
      expect(store.read.values.get('card-seq')).toBe('7');
    });

    it('sets, replaces and deletes values', async () => {
      const store = await open();
      await store.transact((tx) => tx.values.set('a', '1'));
      await store.transact((tx) => tx.values.set('a', '2'));
      expect(store.read.values.get('a')).toBe('2');
      await store.transact((tx) => tx.values.delete('a'));
      expect(store.read.values.get('a')).toBeUndefined();
    });

    it('lets a work read what it wrote', async () => {
      const store = await open();
      const message = outMessage();
      await store.transact((tx) => {
        tx.values.set('k', 'v');
        tx.outbox.insert(message);
        tx.contacts.put(contactOf());
        expect(tx.values.get('k')).toBe('v');
        expect(tx.outbox.message(alice, message.id)?.state).toBe('queued');
        expect(tx.outbox.waitingCount(alice, bob)).toBe(1);
        expect(tx.contacts.byPetname(alice, 'bob')?.agentId).toBe(bob);
      });
    });

    it('undoes a work that throws and rejects with its error', async () => {
      const store = await open();
      const message = outMessage();
      const failed = store.transact((tx) => {
        tx.values.set('k', 'v');
        tx.contacts.put(contactOf());
        tx.outbox.insert(message);
        tx.inbox.insert(inMessage());
        tx.outbox.queueReceipt(toBob, { kind: 'delivered', frameId: 'frm_1', at: 1 });
        throw new MeshError('NOT_PERMITTED');
      });
      await expect(failed).rejects.toMatchObject({ code: 'NOT_PERMITTED' });
      expect(store.read.values.get('k')).toBeUndefined();
      expect(store.read.contacts.list({ agent: alice })).toEqual([]);
      expect(store.read.outbox.message(alice, message.id)).toBeUndefined();
      expect(store.read.outbox.waitingCount(alice, bob)).toBe(0);
      expect(store.read.inbox.counts(alice)).toEqual({ unread: 0, waiting: 0, leased: 0, dead: 0 });
      expect(store.read.outbox.peersWithWork(alice)).toEqual([]);
    });

    it('undoes only the one that throws of works that arrive together', async () => {
      const store = await open();
      await store.transact((tx) => tx.outbox.insert(outMessage()));
      expect(store.read.outbox.waitingCount(alice, bob)).toBe(1);
      const outcomes = await Promise.allSettled([
        store.transact((tx) => tx.outbox.insert(outMessage())),
        store.transact((tx) => {
          tx.outbox.insert(outMessage());
          tx.values.set('second', 'x');
          expect(tx.outbox.waitingCount(alice, bob)).toBe(3);
          throw new Error('no');
        }),
        store.transact((tx) => tx.outbox.insert(outMessage())),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(store.read.outbox.waitingCount(alice, bob)).toBe(3);
      expect(store.read.values.get('second')).toBeUndefined();
      expect(store.read.outbox.list({ agent: alice, limit: 10 })).toHaveLength(3);
    });

    it('runs many works at once in the order they came', async () => {
      const store = await open();
      const works = Array.from({ length: 200 }, (_, index) =>
        store.transact((tx) => {
          const before = tx.values.get('n') ?? '';
          tx.values.set('n', `${before}${index},`);
          return index;
        }),
      );
      const results = await Promise.all(works);
      expect(results).toEqual(Array.from({ length: 200 }, (_, index) => index));
      expect(store.read.values.get('n')).toBe(`${results.join(',')},`);
    });

    it('refuses a handle that is used after its function returned', async () => {
      const store = await open();
      let kept: MeshTransaction | undefined;
      await store.transact((tx) => {
        kept = tx;
      });
      const tx = kept;
      if (tx === undefined) throw new Error('the work did not run');
      const uses: (() => unknown)[] = [
        () => tx.values.set('k', 'v'),
        () => tx.values.get('k'),
        () => tx.contacts.put(contactOf()),
        () => tx.contacts.byAgentId(alice, bob),
        () => tx.sessions.putSession(sessionOf()),
        () => tx.sessions.sessions(alice, bob),
        () => tx.outbox.insert(outMessage()),
        () => tx.outbox.waitingCount(alice, bob),
        () => tx.outbox.expire(0),
        () => tx.inbox.insert(inMessage()),
        () => tx.inbox.lease({ agent: alice, types: ['request'], now: 0, limit: 1 }),
        () => tx.inbox.releaseAll(),
        () => tx.audit.last(),
      ];
      for (const use of uses) expect(use).toThrow(/after its function had returned/);
      // Also while another work runs.
      await store.transact(() => {
        for (const use of uses) expect(use).toThrow(/after its function had returned/);
      });
      expect(store.read.outbox.list({ agent: alice, limit: 1 })).toEqual([]);
    });

    it('refuses a transaction inside a transaction', async () => {
      const store = await open();
      let inner: Promise<unknown> | undefined;
      await store.transact((tx) => {
        tx.values.set('outer', '1');
        inner = store.transact((nested) => nested.values.set('inner', '1'));
        inner.catch(() => undefined);
      });
      await expect(inner).rejects.toMatchObject({ code: 'INTERNAL' });
      expect(store.read.values.get('outer')).toBe('1');
      expect(store.read.values.get('inner')).toBeUndefined();
    });

    it('refuses a work that is asynchronous and undoes what it wrote', async () => {
      const store = await open();
      const work = store.transact(async (tx) => {
        tx.values.set('k', 'v');
        await Promise.resolve();
        tx.values.set('k', 'too late');
      });
      await expect(work).rejects.toMatchObject({ code: 'INTERNAL' });
      expect(store.read.values.get('k')).toBeUndefined();
    });

    it('does not let a work succeed that ignored that a row of it was refused', async () => {
      const store = await open();
      const message = outMessage();
      await store.transact((tx) => tx.outbox.insert(message));
      const careless = store.transact((tx) => {
        tx.outbox.insert(message);
        for (let attempt = 0; attempt < 2; attempt += 1) {
          expect(() => tx.outbox.waitingCount(alice, bob)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
        }
        return 'all is well';
      });
      await expect(careless).rejects.toMatchObject({ code: 'INTERNAL' });
    });

    it('cannot be closed inside a work, and nothing can be read after close', async () => {
      const store = await open();
      let closing: Promise<void> | undefined;
      await store.transact((tx) => {
        closing = store.close();
        closing.catch(() => undefined);
        tx.values.set('k', 'v');
      });
      await expect(closing).rejects.toMatchObject({ code: 'INTERNAL' });
      expect(store.read.values.get('k')).toBe('v');
      await store.close();
      expect(() => store.read.values.get('k')).toThrow(expect.objectContaining({ code: 'SHUTTING_DOWN' }));
    });

    it('commits what was asked for before close and refuses what comes after', async () => {
      const store = await open();
      const before = store.transact(() => 'done');
      await store.close();
      expect(await before).toBe('done');
      await expect(store.transact(() => 'late')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    });

    const { reopen } = harness;
    if (reopen === undefined) return;

    it('keeps what was acknowledged across a restart', async () => {
      const store = await open();
      const message = outMessage();
      await store.transact((tx) => {
        tx.values.set('k', 'v');
        tx.contacts.put(contactOf());
        tx.outbox.insert(message);
      });
      const again = await reopen(store);
      expect(again.read.values.get('k')).toBe('v');
      expect(again.read.contacts.byAgentId(alice, bob)).toEqual(contactOf());
      expect(again.read.outbox.message(alice, message.id)).toMatchObject({ ...message, state: 'queued' });
      await again.close();
    });
  });
}
