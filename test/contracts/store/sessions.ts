import { describe, expect, it } from 'vitest';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, bob, bytesOf, carol, day, sessionOf, start, toBob, write } from './samples.ts';

export function sessionStoreContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('sessions', () => {
    it('gives back every field, the current session first', async () => {
      const store = await open();
      const draining = sessionOf({ groupId: 'bb', role: 'draining', createdAt: start + 5, drainingSince: start + 9 });
      const current = sessionOf({ confirmed: true, createdHere: false });
      await write(store, (tx) => {
        tx.sessions.putSession(draining);
        tx.sessions.putSession(current);
        tx.sessions.putSession(sessionOf({ peer: carol, groupId: 'cc' }));
      });
      expect(store.read.sessions.sessions(alice, bob)).toEqual([current, draining]);
      expect(store.read.sessions.session(alice, 'bb')).toEqual(draining);
      expect(store.read.sessions.session('zoe', 'bb')).toBeUndefined();
    });

    it('holds a group for two agents of one node apart', async () => {
      const store = await open();
      await write(store, (tx) => {
        tx.sessions.putSession(sessionOf());
        tx.sessions.putSession(sessionOf({ agent: 'zoe', peer: carol, createdHere: false }));
      });
      expect(store.read.sessions.session(alice, 'aa')?.peer).toBe(bob);
      expect(store.read.sessions.session('zoe', 'aa')?.peer).toBe(carol);
    });

    it('replaces a session, also without the field it had', async () => {
      const store = await open();
      await write(store, (tx) => tx.sessions.putSession(sessionOf({ role: 'draining', drainingSince: start })));
      await write(store, (tx) => tx.sessions.putSession(sessionOf()));
      expect(store.read.sessions.sessions(alice, bob)).toEqual([sessionOf()]);
    });

    it('saves the state alone, and refuses to for a session that is gone', async () => {
      const store = await open();
      await write(store, (tx) => tx.sessions.putSession(sessionOf()));
      const saved = { agent: alice, groupId: 'aa', state: bytesOf(7000, 1), confirmed: true };
      await write(store, (tx) => tx.sessions.saveState(saved));
      expect(store.read.sessions.session(alice, 'aa')).toEqual(sessionOf(saved));
      await write(store, (tx) => tx.sessions.deleteSession(alice, 'aa'));
      expect(store.read.sessions.session(alice, 'aa')).toBeUndefined();
      const late = write(store, (tx) => tx.sessions.saveState(saved));
      await expect(late).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
    });

    it('deletes the sessions of one peer, or of an agent', async () => {
      const store = await open();
      await write(store, (tx) => {
        tx.sessions.putSession(sessionOf());
        tx.sessions.putSession(sessionOf({ groupId: 'bb', peer: carol }));
        tx.sessions.putSession(sessionOf({ groupId: 'cc', agent: 'zoe' }));
        tx.sessions.deleteSessionsOf(alice, bob);
      });
      expect(store.read.sessions.sessions(alice, bob)).toEqual([]);
      expect(store.read.sessions.sessions(alice, carol)).toHaveLength(1);
      await write(store, (tx) => tx.sessions.deleteSessionsOf(alice));
      expect(store.read.sessions.sessions(alice, carol)).toEqual([]);
      expect(store.read.sessions.sessions('zoe', bob)).toHaveLength(1);
    });

    it('keeps own key packages until they are used', async () => {
      const store = await open();
      const record = {
        agent: alice,
        ref: '0f',
        publicBytes: bytesOf(10),
        privateBytes: bytesOf(20, 2),
        expiresAt: start + day,
      };
      await write(store, (tx) => tx.sessions.putOwnKeyPackage(record));
      expect(store.read.sessions.ownKeyPackage(alice, '0f')).toEqual(record);
      expect(store.read.sessions.ownKeyPackage('zoe', '0f')).toBeUndefined();
      await write(store, (tx) => tx.sessions.deleteOwnKeyPackage(alice, '0f'));
      expect(store.read.sessions.ownKeyPackage(alice, '0f')).toBeUndefined();
    });

    it('deletes all key packages of an agent, its own and those of its peers', async () => {
      const store = await open();
      const own = { ref: '0f', publicBytes: bytesOf(10), privateBytes: bytesOf(20), expiresAt: start + day };
      const theirs = { peer: bob, bytes: bytesOf(10), expiresAt: start + day };
      await write(store, (tx) => {
        for (const agent of [alice, 'zoe']) {
          tx.sessions.putOwnKeyPackage({ ...own, agent });
          tx.sessions.putPeerKeyPackage({ ...theirs, agent, ref: '01' });
        }
        tx.sessions.deleteKeyPackagesOf(alice);
      });
      const left = (agent: string) => [
        store.read.sessions.ownKeyPackage(agent, '0f'),
        ...store.read.sessions.peerKeyPackages({ agent, peer: bob, now: start }),
      ];
      expect(left(alice)).toEqual([undefined]);
      expect(left('zoe')).toHaveLength(2);
      expect(left('zoe')[0]).toBeDefined();
    });

    it('offers the key packages of a peer that have not expired, newest first', async () => {
      const store = await open();
      const record = (ref: string, expiresAt: number) => ({ ...toBob, ref, bytes: bytesOf(10), expiresAt });
      await write(store, (tx) => {
        tx.sessions.putPeerKeyPackage(record('01', start + 10));
        tx.sessions.putPeerKeyPackage(record('02', start + day));
        tx.sessions.putPeerKeyPackage(record('03', start + day));
        tx.sessions.putPeerKeyPackage({ ...record('04', start + day), peer: carol });
      });
      const refs = (now: number) => store.read.sessions.peerKeyPackages({ ...toBob, now }).map(({ ref }) => ref);
      expect(refs(start)).toEqual(['03', '02', '01']);
      expect(refs(start + 10)).toEqual(['03', '02']);
      await write(store, (tx) => tx.sessions.deletePeerKeyPackage(alice, '03'));
      expect(store.read.sessions.peerKeyPackages({ ...toBob, now: start + 10 })).toEqual([record('02', start + day)]);
    });

    it('prunes what expired or drained long enough', async () => {
      const store = await open();
      await write(store, (tx) => {
        tx.sessions.putSession(sessionOf());
        tx.sessions.putSession(sessionOf({ groupId: 'bb', role: 'draining', drainingSince: start }));
        tx.sessions.putSession(sessionOf({ groupId: 'cc', role: 'draining', drainingSince: start + day }));
        tx.sessions.putPeerKeyPackage({ ...toBob, ref: '01', bytes: bytesOf(1), expiresAt: start });
        tx.sessions.putOwnKeyPackage({
          agent: alice,
          ref: '02',
          publicBytes: bytesOf(1),
          privateBytes: bytesOf(1),
          expiresAt: start,
        });
      });
      expect(await write(store, (tx) => tx.sessions.prune({ now: start, drainedBefore: start + day }))).toBe(3);
      expect(store.read.sessions.sessions(alice, bob).map(({ groupId }) => groupId)).toEqual(['aa', 'cc']);
    });
  });
}
