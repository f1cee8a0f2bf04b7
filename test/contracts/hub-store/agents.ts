import { describe, expect, it } from 'vitest';
import { type HubStore } from '#hub';
import { failure } from '../../support/failure.ts';
import {
  alice,
  append,
  bob,
  carol,
  dora,
  type HubStoreHarness,
  mail,
  now,
  page,
  registration,
  useHubStore,
  withMembers,
} from './harness.ts';

const hash = new Uint8Array(32).fill(4);
const invite = { hash, note: 'for Bob', createdAt: now, expiresAt: now + 1000 };
const namesIn = (cards: readonly Uint8Array[]): string[] => cards.map((card) => Buffer.from(card).toString());
const refusal = async (work: Promise<unknown>): Promise<string> => (await failure(work)).code;

export function hubAgentContract(harness: HubStoreHarness): void {
  const open = useHubStore(harness);
  const register = (store: HubStore, ...args: Parameters<typeof registration>): Promise<void> =>
    store.agents.register(registration(...args));

  describe('members', () => {
    it('are found with name and card once they registered, and nobody else is', async () => {
      const { agents } = await withMembers(await open());
      expect(await agents.find(alice)).toEqual({ agentId: alice, name: 'alice', registeredAt: now });
      expect(namesIn([(await agents.card(bob)) ?? new Uint8Array()])).toEqual(['bob']);
      expect([await agents.find(carol), await agents.card(carol)]).toEqual([undefined, undefined]);
    });

    it('keep their name: another agent cannot take it, until its holder takes another', async () => {
      const store = await withMembers(await open());
      expect(await refusal(register(store, carol, 'alice'))).toBe('NAME_TAKEN');
      expect(await refusal(register(store, bob, 'alice', { seq: 2 }))).toBe('NAME_TAKEN');
      expect(await store.agents.find(carol)).toBeUndefined();
      await register(store, alice, 'alice2', { seq: 2 });
      await register(store, carol, 'alice');
      expect((await store.agents.find(carol))?.name).toBe('alice');
    });

    it('renew their card with the same or a higher number, not with a lower one', async () => {
      const store = await open();
      await register(store, alice, 'alice', { seq: 5 });
      await register(store, alice, 'alice', { seq: 5, at: now + 9 });
      expect(await refusal(register(store, alice, 'alice', { seq: 4 }))).toBe('CARD_ROLLBACK');
      expect((await store.agents.find(alice))?.registeredAt).toBe(now);
    });

    it('are no more than the hub has room for; who is one may renew', async () => {
      const store = await withMembers(await open());
      expect(await refusal(register(store, carol, 'carol', { maxAgents: 2 }))).toBe('HUB_FULL');
      await register(store, bob, 'bob', { maxAgents: 2, seq: 2 });
    });

    it('come in with an invite, once, in time, and only with a real one', async () => {
      const store = await open();
      await store.invites.create(invite);
      const asked = { isAdmitted: false } as const;
      expect(await refusal(register(store, alice, 'alice', asked))).toBe('NOT_ADMITTED');
      const forged = { ...asked, invite: new Uint8Array(32) };
      expect(await refusal(register(store, alice, 'alice', forged))).toBe('INVITE_INVALID');
      const late = { ...asked, invite: hash, at: now + 1000 };
      expect(await refusal(register(store, alice, 'alice', late))).toBe('INVITE_EXPIRED');
      await register(store, alice, 'alice', { ...asked, invite: hash });
      expect(await refusal(register(store, bob, 'bob', { ...asked, invite: hash }))).toBe('INVITE_USED');
      await register(store, alice, 'alice', { ...asked, seq: 2 });
      expect(await store.invites.list()).toMatchObject([{ note: 'for Bob', usedBy: alice, usedAt: now }]);
    });

    it('come in again after they were evicted with an invite, or when the hub says so', async () => {
      const store = await withMembers(await open());
      await store.agents.evict(alice);
      expect(await refusal(register(store, alice, 'alice', { seq: 2 }))).toBe('NOT_ADMITTED');
      const unlisted = { isAdmitted: false, isReadmitted: true, seq: 2 };
      expect(await refusal(register(store, alice, 'alice', unlisted))).toBe('NOT_ADMITTED');
      await register(store, alice, 'alice', { isReadmitted: true, seq: 2 });
      expect((await store.agents.find(alice))?.name).toBe('alice');
    });

    it('do not use up an invite that was refused for another reason, or that they do not need', async () => {
      const store = await withMembers(await open());
      await store.invites.create(invite);
      await refusal(register(store, carol, 'alice', { isAdmitted: false, invite: hash }));
      await register(store, dora, 'dora', { invite: hash });
      expect((await store.invites.list())[0]?.usedAt).toBeUndefined();
    });

    it('that were evicted leave nothing behind, and come back with an invite only', async () => {
      const store = await withMembers(await open());
      await append(store, mail());
      await store.keyPackages.put(bob, { packages: [Uint8Array.of(1)], max: 9 });
      expect(await store.agents.evict(bob)).toBe(true);
      expect(await store.agents.evict(bob)).toBe(false);
      expect(await store.agents.find(bob)).toBeUndefined();
      expect(await append(store, mail())).toEqual({ kind: 'unknown' });
      await register(store, carol, 'bob');
      expect(await refusal(register(store, bob, 'bobby'))).toBe('NOT_ADMITTED');
      await store.invites.create(invite);
      await register(store, bob, 'bobby', { invite: hash });
      expect((await store.mailboxes.read(bob, page)).items).toEqual([]);
      expect(await refusal(store.keyPackages.take(carol).then(() => store.keyPackages.take(dora)))).toBe(
        'UNKNOWN_AGENT',
      );
      expect(await store.keyPackages.take(bob)).toBeUndefined();
      expect((await store.totals()).frames).toBe(0);
    });
  });

  describe('a key rotation', () => {
    it('moves name, mailbox and rooms, drops key packages, and the earlier id means the new one', async () => {
      const store = await withMembers(await open());
      const { id } = mail();
      await append(store, mail({ id }));
      await store.keyPackages.put(bob, { packages: [Uint8Array.of(1)], lastResort: Uint8Array.of(2), max: 9 });
      expect(await store.agents.move(bob, carol)).toBe(true);
      for (const known of [bob, carol])
        expect(await store.agents.find(known)).toEqual({ agentId: carol, name: 'bob', registeredAt: now });
      expect((await store.mailboxes.read(carol, page)).items).toHaveLength(1);
      expect(await append(store, mail({ id }))).toMatchObject({ isNew: false, owner: carol });
      expect(await append(store, mail({ to: bob }))).toMatchObject({ isNew: true, owner: carol });
      expect(await store.keyPackages.take(bob)).toBeUndefined();
      await register(store, carol, 'bob', { seq: 2 });
      expect(await refusal(register(store, dora, 'bob'))).toBe('NAME_TAKEN');
    });

    it('leaves nothing for the earlier key, which cannot register again', async () => {
      const store = await withMembers(await open());
      await store.agents.move(bob, carol);
      expect(await refusal(register(store, bob, 'bobby'))).toBe('NOT_ADMITTED');
      expect((await store.agents.find(bob))?.agentId).toBe(carol);
    });

    it('of who is no member does nothing', async () => {
      const store = await withMembers(await open());
      expect(await store.agents.move(carol, dora)).toBe(false);
      expect(await store.agents.find(dora)).toBeUndefined();
    });

    it('does not bring back who was evicted', async () => {
      const store = await withMembers(await open());
      await store.agents.evict(bob);
      expect(await store.agents.move(bob, carol)).toBe(false);
      expect(await refusal(register(store, carol, 'carol'))).toBe('NOT_ADMITTED');
    });

    it('to an id that registered on its own joins what both have', async () => {
      const store = await withMembers(await open());
      await register(store, carol, 'carol');
      await append(store, mail({ to: bob }));
      await append(store, mail({ to: carol }));
      expect(await store.agents.move(bob, carol)).toBe(true);
      expect((await store.mailboxes.read(carol, page)).items).toHaveLength(2);
      expect(await store.totals()).toMatchObject({ agents: 2, frames: 2, bytes: 20 });
    });

    it('to an id that read further on its own skips and removes nothing that it has not seen', async () => {
      const store = await withMembers(await open());
      const { mailboxes, agents } = store;
      await register(store, carol, 'carol');
      const put = (to: typeof bob, n: number) => append(store, mail({ to, frame: new Uint8Array(10).fill(n) }));
      for (const [index, to] of [bob, carol, carol].entries()) await put(to, index + 1);
      const { epoch, items } = await mailboxes.read(carol, page);
      const [read, last] = items.map(({ cursor }) => cursor);
      await mailboxes.ack(carol, { epoch, upTo: read ?? 0 });
      expect(await agents.move(bob, carol)).toBe(true);
      await put(carol, 4);
      const next = await mailboxes.read(carol, { ...page, epoch, after: last ?? 0 });
      const seen = next.items.map(({ frame }) => frame[0]);
      expect([seen.includes(1), seen.includes(2), seen.includes(4)]).toEqual([true, false, true]);
      // What is said of a place of before is not said of what came in from the other mailbox.
      await mailboxes.ack(carol, { epoch, upTo: last ?? 0 });
      const left = (await mailboxes.read(carol, page)).items.map(({ frame }) => frame[0]);
      expect(left.filter((first) => first !== 3)).toEqual([1, 4]);
    });
  });

  describe('the lives of a member', () => {
    const life = (number: number, id = 0) => ({
      number,
      id: new Uint8Array(16).fill(id),
      encoded: Uint8Array.of(number, id),
    });

    it('only go on: an earlier one is told of the later', async () => {
      const { agents } = await withMembers(await open());
      expect(await agents.keepLife(alice, undefined)).toBeUndefined();
      expect(await agents.keepLife(alice, life(2))).toBeUndefined();
      expect(await agents.keepLife(alice, life(2))).toBeUndefined();
      expect(await agents.keepLife(alice, life(1))).toEqual(life(2).encoded);
      expect(await agents.keepLife(alice, undefined)).toEqual(life(2).encoded);
      expect(await agents.keepLife(alice, life(2, 1))).toBeUndefined();
      expect(await agents.keepLife(alice, life(2))).toEqual(life(2, 1).encoded);
    });

    it('are proved by the key that signed them last', async () => {
      const { agents } = await withMembers(await open());
      await agents.keepLife(alice, life(2));
      const signedAnew = { ...life(2), encoded: Uint8Array.of(9, 9) };
      expect(await agents.keepLife(alice, signedAnew)).toBeUndefined();
      expect(await agents.keepLife(alice, life(1))).toEqual(signedAnew.encoded);
    });

    it('are not kept for who is no member', async () => {
      const { agents } = await withMembers(await open());
      expect(await agents.keepLife(carol, life(2))).toBeUndefined();
      expect(await agents.keepLife(carol, undefined)).toBeUndefined();
    });
  });

  describe('the directory', () => {
    const query = { limit: 10, maxBytes: 1000 };

    it('lists cards by name, page by page', async () => {
      const store = await withMembers(await open());
      await register(store, carol, 'carol');
      const first = await store.agents.directory({ ...query, limit: 2 });
      expect([namesIn(first.cards), first.next]).toEqual([['alice', 'bob'], 'bob']);
      const second = await store.agents.directory({ ...query, limit: 2, after: 'bob' });
      expect([namesIn(second.cards), second.next]).toEqual([['carol'], undefined]);
      const small = await store.agents.directory({ ...query, maxBytes: 1 });
      expect([namesIn(small.cards), small.next]).toEqual([['alice'], 'alice']);
    });

    it('finds by text and capability, and takes nothing for a pattern', async () => {
      const store = await open();
      await register(store, alice, 'alice', { text: 'alice reviews 100% of code', capabilities: ['review', 'review'] });
      await register(store, bob, 'bob', { text: 'bob builds', capabilities: ['build'] });
      const found = async (more: object): Promise<string[]> =>
        namesIn((await store.agents.directory({ ...query, ...more })).cards);
      expect(await found({ search: 'build' })).toEqual(['bob']);
      expect(await found({ search: '0%' })).toEqual(['alice']);
      expect(await found({ search: '%' })).toEqual(['alice']);
      expect(await found({ capability: 'review' })).toEqual(['alice']);
      expect(await found({ capability: 'rev' })).toEqual([]);
      await register(store, alice, 'alice', { seq: 2 });
      expect(await found({ capability: 'review' })).toEqual([]);
    });

    it('shows the owner of the hub what it keeps for each member', async () => {
      const store = await withMembers(await open());
      await append(store, mail({ at: now + 5 }));
      await store.keyPackages.put(alice, { packages: [Uint8Array.of(1)], max: 9 });
      const common = { registeredAt: now, frames: 0, bytes: 0, keyPackages: 0, blobBytes: 0 };
      expect(await store.agents.list({ limit: 10 })).toEqual([
        { ...common, agentId: alice, name: 'alice', keyPackages: 1 },
        { ...common, agentId: bob, name: 'bob', frames: 1, bytes: 10, oldestAt: now + 5 },
      ]);
      expect(await store.agents.list({ limit: 10, after: 'alice' })).toHaveLength(1);
    });
  });

  describe('invites', () => {
    it('are taken back by their id while they are unused', async () => {
      const store = await open();
      await store.invites.create(invite);
      const [{ id } = { id: '' }] = await store.invites.list();
      expect(id).toBe('040404040404');
      expect([await store.invites.revoke('000000000000'), await store.invites.revoke(id)]).toEqual([false, true]);
      const asked = { isAdmitted: false, invite: hash };
      expect(await refusal(register(store, alice, 'alice', asked))).toBe('INVITE_INVALID');
    });
  });
}
