import { describe, expect, it } from 'vitest';
import { appendAudit, verifyAudit } from '#audit';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, start, write } from './samples.ts';

export function auditStoreContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('the audit log', () => {
    it('is empty at first, and then gives back every field in order', async () => {
      const store = await open();
      expect(store.read.audit.last()).toBeUndefined();
      const data = { text: 'é\n"', n: 1.5, yes: true, none: null, list: ['a', 'b'] };
      const entries = await write(store, (tx) =>
        [0, 1, 2].map((at) => appendAudit(tx.audit, { at, agent: alice, kind: 'k', data })),
      );
      expect(store.read.audit.entries({ limit: 10 })).toEqual(entries);
      expect(store.read.audit.last()).toEqual(entries[2]);
      expect(verifyAudit(store.read.audit.entries({ limit: 10 }))).toMatchObject({ ok: true, entries: 3 });
    });

    it('filters by agent, kind, time and place', async () => {
      const store = await open();
      await write(store, (tx) => {
        for (let index = 0; index < 6; index += 1) {
          const kind = index % 3 === 0 ? 'three' : 'other';
          appendAudit(tx.audit, { at: start + index, agent: index < 3 ? alice : 'node', kind, data: {} });
        }
      });
      const seqs = (query: object) => store.read.audit.entries({ limit: 10, ...query }).map(({ seq }) => seq);
      expect(seqs({ agent: alice })).toEqual([1, 2, 3]);
      expect(seqs({ kind: 'three' })).toEqual([1, 4]);
      expect(seqs({ since: start + 1, until: start + 3 })).toEqual([2, 3, 4]);
      expect(seqs({ afterSeq: 4 })).toEqual([5, 6]);
      expect(seqs({ kind: 'other', agent: 'node', limit: 1 })).toEqual([5]);
      expect(seqs({ latest: true, limit: 2 })).toEqual([5, 6]);
      expect(seqs({ latest: true, kind: 'other', until: start + 3, limit: 2 })).toEqual([2, 3]);
    });

    it('goes on with the chain after a work that was undone', async () => {
      const store = await open();
      const append = (at: number, fails: boolean) =>
        write(store, (tx) => {
          appendAudit(tx.audit, { at, agent: alice, kind: 'k', data: {} });
          if (fails) throw new Error('no');
        });
      await Promise.allSettled([append(1, false), append(2, true), append(3, false)]);
      await Promise.allSettled([append(4, true)]);
      await append(5, false);
      const entries = store.read.audit.entries({ limit: 10 });
      expect(entries.map(({ at }) => at)).toEqual([1, 3, 5]);
      expect(verifyAudit(entries)).toMatchObject({ ok: true, entries: 3 });
    });

    it('refuses a second entry with the same number', async () => {
      const store = await open();
      const entry = await write(store, (tx) => appendAudit(tx.audit, { at: 1, agent: alice, kind: 'k', data: {} }));
      await expect(write(store, (tx) => tx.audit.insert(entry))).rejects.toMatchObject({ code: 'INTERNAL' });
    });
  });
}
