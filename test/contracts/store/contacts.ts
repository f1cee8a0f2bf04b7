import { describe, expect, it } from 'vitest';
import type { Card } from '#identity';
import type { Contact, InviteRecord } from '#trust';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, bob, bytesOf, carol, contactOf, day, hour, start, write } from './samples.ts';

const card: Card = {
  v: 1,
  agentId: bob,
  name: 'bob',
  publicKey: 'AAAA',
  devices: [{ publicKey: 'BBBB', notBefore: 1, notAfter: 2, signature: 'CCCC' }],
  endpoints: ['http://b'],
  mailboxes: [],
  capabilities: [{ id: 'c', description: 'd', tags: ['t'] }],
  suites: ['S'],
  seq: 3,
  createdAt: start,
  expiresAt: start + day,
  signature: 'DDDD',
};

/** Every optional field present. */
const full: Contact = contactOf({
  state: 'requested-out',
  card,
  purpose: 'to talk — 你好',
  requestId: 'req_1',
  requestNonce: 'ff00',
  pending: {
    kind: 'request',
    nonce: '0a',
    invite: { id: 'inv', secret: bytesOf(32, 3) },
    expiresAt: start + hour,
    deliveredAt: start + 5,
  },
  candidate: { card: { ...card, seq: 4 }, seenAt: start + 9 },
  trustedAt: start + 1,
  verifiedAt: start + 2,
});

const invite: InviteRecord = {
  id: 'inv_1',
  agent: alice,
  secret: bytesOf(16),
  tier: 'bounded',
  createdAt: start,
  expiresAt: start + day,
};

export function contactStoreContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('contacts', () => {
    it('gives back every field of a contact, by each of its names', async () => {
      const store = await open();
      await write(store, (tx) => tx.contacts.put(full));
      const { contacts } = store.read;
      expect(contacts.byAgentId(alice, bob)).toEqual(full);
      expect(contacts.byPetname(alice, 'bob')).toEqual(full);
      expect(contacts.byRequestId(alice, 'req_1')).toEqual(full);
      expect(contacts.byAgentId('zoe', bob)).toBeUndefined();
      expect(contacts.byPetname(alice, 'bo')).toBeUndefined();
    });

    it('replaces by agent and id, and forgets what the new one does not have', async () => {
      const store = await open();
      await write(store, (tx) => tx.contacts.put(full));
      await write(store, (tx) => tx.contacts.put(contactOf({ petname: 'bobby' })));
      expect(store.read.contacts.list({ agent: alice })).toEqual([contactOf({ petname: 'bobby' })]);
      expect(store.read.contacts.byPetname(alice, 'bob')).toBeUndefined();
    });

    it('refuses a petname that another contact of the agent has, and only then', async () => {
      const store = await open();
      await write(store, (tx) => tx.contacts.put(contactOf()));
      const taken = write(store, (tx) => tx.contacts.put(contactOf({ agentId: carol })));
      await expect(taken).rejects.toMatchObject({ code: 'NAME_TAKEN' });
      await write(store, (tx) => tx.contacts.put(contactOf({ agentId: carol, agent: 'zoe' })));
      expect(store.read.contacts.byPetname('zoe', 'bob')?.agentId).toBe(carol);
      expect(store.read.contacts.byAgentId(alice, carol)).toBeUndefined();
    });

    it('lists by state in order of petname, and finds ids by prefix, at most ten', async () => {
      const store = await open();
      await write(store, (tx) => {
        for (let index = 0; index < 12; index += 1) {
          const petname = `p${String(index).padStart(2, '0')}`;
          const state = index % 2 === 0 ? 'trusted' : 'blocked';
          tx.contacts.put(contactOf({ agentId: `did:key:z6Mkx${index}`, petname, state }));
        }
      });
      const { contacts } = store.read;
      const blocked = contacts.list({ agent: alice, states: ['blocked'] });
      expect(blocked.map(({ petname }) => petname)).toEqual(['p01', 'p03', 'p05', 'p07', 'p09', 'p11']);
      expect(contacts.byIdPrefix(alice, 'did:key:z6Mkx')).toHaveLength(10);
      expect(contacts.byIdPrefix(alice, 'did:key:z6Mkx11').map(({ petname }) => petname)).toEqual(['p11']);
      expect(contacts.byIdPrefix('zoe', 'did:key:z6Mkx')).toEqual([]);
    });

    it('deletes a contact', async () => {
      const store = await open();
      await write(store, (tx) => tx.contacts.put(contactOf()));
      await write(store, (tx) => tx.contacts.delete(alice, bob));
      expect(store.read.contacts.byAgentId(alice, bob)).toBeUndefined();
      await write(store, (tx) => tx.contacts.put(contactOf({ agentId: carol })));
      expect(store.read.contacts.byPetname(alice, 'bob')?.agentId).toBe(carol);
    });

    it('counts the requests since a time', async () => {
      const store = await open();
      await write(store, (tx) => {
        for (const at of [start, start, start + 5]) tx.contacts.countRequest(alice, at);
      });
      expect(store.read.contacts.requestsSince(alice, start)).toBe(3);
      expect(store.read.contacts.requestsSince(alice, start + 1)).toBe(1);
      expect(store.read.contacts.requestsSince('zoe', start)).toBe(0);
    });

    it('takes a nonce of a signer once until it is pruned', async () => {
      const store = await open();
      const use = (signer: typeof bob, nonce: string) =>
        write(store, (tx) => tx.contacts.useNonce(signer, nonce, start + 100));
      expect(await use(bob, 'aa')).toBe(true);
      expect(await use(bob, 'aa')).toBe(false);
      expect(await use(bob, 'ab')).toBe(true);
      expect(await use(carol, 'aa')).toBe(true);
      const has = (nonce: string) => store.read.contacts.hasNonce(bob, nonce);
      expect([has('aa'), has('ab'), has('ac')]).toEqual([true, true, false]);
      expect(await write(store, (tx) => tx.contacts.prune({ now: start + 99, ranMs: 0 }))).toBe(0);
      expect(await use(bob, 'aa')).toBe(false);
      // A clock that jumped ahead forgets nothing that was used while the node ran for less than it is to be kept.
      expect(await write(store, (tx) => tx.contacts.prune({ now: start + 100, ranMs: day }))).toBe(0);
      expect(await use(bob, 'aa')).toBe(false);
      expect(await write(store, (tx) => tx.contacts.prune({ now: start + 100, ranMs: 0 }))).toBe(3);
      expect(has('aa')).toBe(false);
      expect(await use(bob, 'aa')).toBe(true);
    });

    it('keeps invites until long after they are over', async () => {
      const store = await open();
      await write(store, (tx) => tx.contacts.putInvite(invite));
      await write(store, (tx) => tx.contacts.putInvite({ ...invite, id: 'inv_2', createdAt: start + 1 }));
      const used = { ...invite, usedAt: start + 7, usedBy: bob };
      await write(store, (tx) => tx.contacts.putInvite(used));
      expect(store.read.contacts.invite('inv_1')).toEqual(used);
      expect(store.read.contacts.invite('inv_9')).toBeUndefined();
      expect(store.read.contacts.invites(alice).map(({ id }) => id)).toEqual(['inv_1', 'inv_2']);
      expect(store.read.contacts.invites('zoe')).toEqual([]);
      await write(store, (tx) => tx.contacts.prune({ now: start + 2 * day, ranMs: 0 }));
      expect(store.read.contacts.invite('inv_1')).toBeDefined();
      await write(store, (tx) => tx.contacts.prune({ now: start + 30 * day, ranMs: 0 }));
      expect(store.read.contacts.invite('inv_1')).toBeUndefined();
    });

    it('sums the turns of a contact since a time, to the second', async () => {
      const store = await open();
      await write(store, (tx) => {
        tx.contacts.countTurns(alice, bob, { at: start, count: 3 });
        tx.contacts.countTurns(alice, bob, { at: start + 10, count: 2 });
        tx.contacts.countTurns(alice, bob, { at: start + hour, count: 4 });
        tx.contacts.countTurns(alice, carol, { at: start, count: 100 });
      });
      const turns = (since: number) => store.read.contacts.turnsSince(alice, bob, since);
      expect([turns(start - day), turns(start), turns(start + 1000), turns(start + 2 * hour)]).toEqual([9, 9, 4, 0]);
      await write(store, (tx) => tx.contacts.prune({ now: start + 3 * day, ranMs: 0 }));
      expect(turns(start - day)).toBe(0);
    });
  });
}
