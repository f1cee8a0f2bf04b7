import { describe, expect, it } from 'vitest';
import type { NewInboxMessage } from '#delivery';
import type { MeshStore } from '#pipeline';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, bob, carol, hour, inMessage, start, write } from './samples.ts';

const from = { agent: alice, sender: bob };
const types = ['request'] as const;
const offer = { agent: alice, types };
const gone = { error: 'gone', reason: 'FILE_GONE', at: start } as const;

const lease = (store: MeshStore, now = start + hour): Promise<readonly string[]> =>
  write(store, (tx) => tx.inbox.lease({ ...offer, now, limit: 10 }).map(({ id }) => id));

/** In the inbox, and held. */
async function held(store: MeshStore, fields: Partial<NewInboxMessage> = {}): Promise<NewInboxMessage> {
  const message = inMessage(fields);
  await write(store, (tx) => {
    tx.inbox.insert(message);
    tx.inbox.hold({ agent: alice, sender: message.sender }, message.id);
  });
  return message;
}

export function heldContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('held messages', () => {
    it('does not offer a held message, nor says that something is to offer, until it is let go', async () => {
      const store = await open();
      const message = await held(store);
      expect(store.read.inbox.nextOffer(offer)).toBeUndefined();
      expect(await lease(store, Number.MAX_SAFE_INTEGER - 1)).toEqual([]);
      expect(store.read.inbox.message(alice, message.id)).toMatchObject({ state: 'new', attempts: 0 });
      expect(await write(store, (tx) => tx.inbox.unhold(from, message.id))).toBe(true);
      expect(store.read.inbox.nextOffer(offer)).toBe(0);
      expect(await lease(store)).toEqual([message.id]);
    });

    it('lets later messages pass, and takes its place by arrival when it is let go', async () => {
      const store = await open();
      const first = await held(store);
      const [second, third] = [inMessage(), inMessage()];
      await write(store, (tx) => tx.inbox.insert(second));
      expect(await lease(store)).toEqual([second.id]);
      await write(store, (tx) => {
        tx.inbox.insert(third);
        tx.inbox.unhold(from, first.id);
      });
      expect(await lease(store)).toEqual([first.id, third.id]);
    });

    it('holds back nothing that was tried before', async () => {
      const store = await open();
      await held(store);
      const tried = inMessage();
      await write(store, (tx) => tx.inbox.insert(tried));
      await lease(store);
      await write(store, (tx) => tx.inbox.release(alice, tried.id, { notBefore: start + 5, error: 'e' }));
      expect(store.read.inbox.nextOffer(offer)).toBe(start + 5);
      expect(await lease(store)).toEqual([tried.id]);
    });

    it('counts and lists it as unread, also after a restart of what was leased', async () => {
      const store = await open();
      const message = await held(store);
      await write(store, (tx) => tx.inbox.releaseAll());
      expect(store.read.inbox.counts(alice)).toMatchObject({ unread: 1, dead: 0, leased: 0 });
      expect(store.read.inbox.list({ agent: alice, unread: true, limit: 5 }).map(({ id }) => id)).toEqual([message.id]);
      expect(await lease(store)).toEqual([]);
    });

    it('keeps it held when a person reads it, and offers it all the same later', async () => {
      const store = await open();
      const message = await held(store);
      await write(store, (tx) => tx.inbox.markRead(alice, [message.id], start + 1));
      expect(await lease(store)).toEqual([]);
      expect(await write(store, (tx) => tx.inbox.unhold(from, message.id))).toBe(true);
      expect(await lease(store)).toEqual([message.id]);
      expect(store.read.inbox.message(alice, message.id)).toMatchObject({ readAt: start + 1, state: 'leased' });
    });

    it('is given up only while it is held, with the error', async () => {
      const store = await open();
      const message = await held(store);
      expect(await write(store, (tx) => tx.inbox.buryHeld(from, message.id, gone))).toBe(true);
      expect(store.read.inbox.message(alice, message.id)).toMatchObject({
        state: 'dead',
        error: 'gone',
        reason: 'FILE_GONE',
        deadAt: gone.at,
        attempts: 0,
      });
      expect(store.read.inbox.counts(alice)).toMatchObject({ dead: 1, waiting: 0 });
      expect(await write(store, (tx) => tx.inbox.unhold(from, message.id))).toBe(false);
      const free = inMessage();
      await write(store, (tx) => tx.inbox.insert(free));
      expect(await write(store, (tx) => tx.inbox.buryHeld(from, free.id, gone))).toBe(false);
      expect(await lease(store)).toEqual([free.id]);
    });

    it('means the message of that sender, whatever id another one chose', async () => {
      const store = await open();
      const mine = await held(store);
      const theirs = inMessage({ id: mine.id, sender: carol });
      await write(store, (tx) => tx.inbox.insert(theirs));
      expect(await write(store, (tx) => tx.inbox.buryHeld({ agent: alice, sender: carol }, mine.id, gone))).toBe(false);
      expect(await write(store, (tx) => tx.inbox.unhold({ agent: alice, sender: carol }, mine.id))).toBe(false);
      const leased = await write(store, (tx) => tx.inbox.lease({ ...offer, now: start, limit: 5 }));
      expect(leased.map(({ sender }) => sender)).toEqual([carol]);
    });

    it('leaves a message alone that was dealt with meanwhile', async () => {
      const store = await open();
      const message = await held(store);
      await write(store, (tx) => tx.inbox.complete(alice, message.id));
      expect(await write(store, (tx) => tx.inbox.unhold(from, message.id))).toBe(false);
      expect(store.read.inbox.message(alice, message.id)?.state).toBe('handled');
      expect(store.read.inbox.counts(alice)).toMatchObject({ waiting: 0, unread: 0 });
    });
  });
}
