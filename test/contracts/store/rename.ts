import { describe, expect, it } from 'vitest';
import { type StoreHarness, useStore } from './harness.ts';
import {
  alice,
  bob,
  bobNew,
  contactOf,
  idsOf,
  inMessage,
  outFrame,
  outMessage,
  sentMessages,
  sessionOf,
  start,
  write,
} from './samples.ts';

const toNew = { agent: alice, peer: bobNew };

export function renameContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('a contact with a rotated key', () => {
    it('takes everything with it', async () => {
      const store = await open();
      const message = outMessage();
      const inbound = inMessage();
      const waiting = outMessage();
      const frameId = await sentMessages(store, [message]);
      await write(store, (tx) => {
        tx.contacts.put(contactOf());
        tx.sessions.putSession(sessionOf());
        tx.inbox.insert(inbound);
        tx.inbox.rememberFrame(alice, bob, { frameId: inbound.frameId, kind: 'app', kept: 9 });
        tx.outbox.queueReceipt({ agent: alice, peer: bob }, { kind: 'delivered', frameId: 'frm_r', at: 1 });
        tx.contacts.countTurns(alice, bob, { at: start, count: 2 });
        tx.outbox.insert(waiting);
        tx.contacts.rename(alice, bob, bobNew);
        expect(tx.outbox.waitingCount(alice, bobNew)).toBe(1);
      });
      const { contacts, inbox, outbox, sessions } = store.read;
      expect(contacts.byAgentId(alice, bob)).toBeUndefined();
      expect(contacts.byPetname(alice, 'bob')).toEqual(contactOf({ agentId: bobNew }));
      expect(outbox.message(alice, message.id)?.peer).toBe(bobNew);
      expect(outbox.frames(alice, bob)).toEqual([]);
      const [open_] = outbox.frames(alice, bobNew);
      // The frame itself stays what was sealed.
      expect(open_).toMatchObject({ peer: bobNew, frame: { id: frameId, to: bob } });
      expect(outbox.receipts({ ...toNew, limit: 9 })).toHaveLength(1);
      expect(outbox.waiting({ ...toNew, maxBytes: 999, limit: 9 }).map(({ id }) => id)).toEqual([waiting.id]);
      expect(sessions.session(alice, 'aa')?.peer).toBe(bobNew);
      expect(inbox.message(alice, inbound.id)?.sender).toBe(bobNew);
      expect(contacts.turnsSince(alice, bobNew, start)).toBe(2);
      const delivered = { kind: 'delivered', frameId, at: start } as const;
      expect(await write(store, (tx) => tx.outbox.applyReceipt(toNew, delivered))).toEqual([message.id]);
    });

    it('is still known for what it sent: nothing arrives twice', async () => {
      const store = await open();
      const inbound = inMessage();
      await write(store, (tx) => {
        tx.inbox.insert(inbound);
        tx.inbox.rememberFrame(alice, bob, { frameId: inbound.frameId, kind: 'app', kept: 9 });
        tx.inbox.complete(alice, inbound.id);
        tx.contacts.rename(alice, bob, bobNew);
      });
      expect(store.read.inbox.hasFrame(alice, bobNew, inbound.frameId)).toBe(true);
      expect(await write(store, (tx) => tx.inbox.insert({ ...inbound, sender: bobNew }))).toBe(false);
    });

    it('is joined with what was stored for the new key before', async () => {
      const store = await open();
      const [handledBefore, handledAfter, only] = [inMessage(), inMessage(), inMessage({ sender: bobNew })];
      const [before, after] = [outMessage(), outMessage({ peer: bobNew })];
      await write(store, (tx) => {
        tx.contacts.put(contactOf());
        tx.contacts.put(contactOf({ agentId: bobNew, petname: 'bob-2', state: 'discovered' }));
        for (const message of [handledBefore, handledAfter]) {
          tx.inbox.insert(message);
          tx.inbox.insert({ ...message, sender: bobNew });
        }
        tx.inbox.insert(only);
        for (const sender of [bob, bobNew]) {
          tx.inbox.rememberFrame(alice, sender, { frameId: 'frm_both', kind: 'app', kept: 9 });
          tx.contacts.countTurns(alice, sender, { at: start, count: 2 });
        }
        tx.outbox.insert(before);
        tx.outbox.insert(after);
      });
      await write(store, (tx) => {
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 1, senders: new Map([[bob, 1]]) });
        tx.inbox.complete(alice, handledBefore.id);
        tx.inbox.lease({ agent: alice, types: ['request'], now: start, limit: 2, senders: new Map([[bobNew, 2]]) });
        tx.inbox.complete(alice, handledAfter.id);
        tx.inbox.releaseAll();
        tx.contacts.rename(alice, bob, bobNew);
      });
      const { contacts, inbox, outbox } = store.read;
      expect(contacts.list({ agent: alice })).toEqual([contactOf({ agentId: bobNew })]);
      const states = inbox.list({ agent: alice, limit: 9 }).map(({ id, sender, state }) => [id, sender, state]);
      expect(states.toSorted()).toEqual(
        [
          [handledBefore.id, bobNew, 'handled'],
          [handledAfter.id, bobNew, 'handled'],
          [only.id, bobNew, 'new'],
        ].toSorted(),
      );
      expect(inbox.counts(alice)).toEqual({ unread: 1, waiting: 1, leased: 0, dead: 0 });
      expect(idsOf(outbox.waiting({ ...toNew, maxBytes: 9999, limit: 9 }))).toEqual(idsOf([before, after]));
      expect(outbox.waitingCount(alice, bobNew)).toBe(2);
      expect(contacts.turnsSince(alice, bobNew, start)).toBe(4);
      expect(inbox.hasFrame(alice, bobNew, 'frm_both')).toBe(true);
    });

    it('takes along what the same work wrote before', async () => {
      const store = await open();
      const message = outMessage();
      await write(store, (tx) => {
        tx.outbox.insert(outMessage({ peer: bobNew }));
        tx.outbox.insert(message);
        tx.contacts.rename(alice, bob, bobNew);
      });
      expect(store.read.outbox.message(alice, message.id)?.peer).toBe(bobNew);
      expect(store.read.outbox.waitingCount(alice, bobNew)).toBe(2);
    });

    it('is undone whole with the work that renamed it', async () => {
      const store = await open();
      await write(store, (tx) => {
        tx.contacts.put(contactOf());
        tx.outbox.insert(outMessage());
        tx.outbox.insertFrame(outFrame());
      });
      const failed = write(store, (tx) => {
        tx.contacts.rename(alice, bob, bobNew);
        expect(tx.outbox.frames(alice, bobNew)).toHaveLength(1);
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(store.read.contacts.byPetname(alice, 'bob')?.agentId).toBe(bob);
      expect(store.read.outbox.frames(alice, bob)).toHaveLength(1);
      expect(store.read.outbox.waitingCount(alice, bob)).toBe(1);
      expect(store.read.outbox.waitingCount(alice, bobNew)).toBe(0);
    });

    it('leaves the same contact of another agent alone', async () => {
      const store = await open();
      await write(store, (tx) => {
        tx.contacts.put(contactOf());
        tx.contacts.put(contactOf({ agent: 'zoe' }));
        tx.outbox.insert(outMessage({ agent: 'zoe' }));
        tx.contacts.rename(alice, bob, bobNew);
      });
      expect(store.read.contacts.byAgentId('zoe', bob)).toEqual(contactOf({ agent: 'zoe' }));
      expect(store.read.outbox.waitingCount('zoe', bob)).toBe(1);
    });
  });
}
