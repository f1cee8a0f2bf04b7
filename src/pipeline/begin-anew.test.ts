import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '#kernel';
import type { MeshStore } from '#pipeline';
import { openMemoryStore } from '#storage';
import {
  alice,
  bob,
  bytesOf,
  contactOf,
  day,
  inMessage,
  outFrame,
  outMessage,
  sessionOf,
  start,
  toBob,
} from '../../test/contracts/store/samples.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { beginAnew } from './begin-anew.ts';

const life = { number: start + 5, id: bytesOf(16), asOf: start };
const invite = { agent: alice, secret: bytesOf(3), tier: 'bounded', createdAt: start, expiresAt: start + day } as const;
const keyPackage = { agent: alice, ref: '01', expiresAt: start + day };

describe('an agent that begins anew', () => {
  let store: MeshStore;
  beforeEach(async () => {
    store = await openMemoryStore({ clock: new ManualClock(start), limits: defaultLimits });
  });
  afterEach(() => store.close());

  const anew = () => store.transact((tx) => beginAnew(tx, { agent: alice, life, now: start + 5 }));

  it('has no session and no key package, its own or those of peers', async () => {
    const given = `key-package-given/${alice}/${bob}`;
    await store.transact((tx) => {
      tx.contacts.put(contactOf());
      tx.sessions.putSession(sessionOf());
      tx.sessions.putSession(sessionOf({ groupId: 'bb', role: 'draining' }));
      tx.sessions.putOwnKeyPackage({ ...keyPackage, publicBytes: bytesOf(1), privateBytes: bytesOf(1) });
      tx.sessions.putPeerKeyPackage({ ...keyPackage, peer: bob, bytes: bytesOf(1) });
      tx.values.set(given, String(start));
    });
    await anew();
    const { sessions, values } = store.read;
    expect(sessions.sessions(alice, bob)).toEqual([]);
    expect(sessions.ownKeyPackage(alice, '01')).toBeUndefined();
    expect(sessions.peerKeyPackages({ ...toBob, now: start })).toEqual([]);
    expect(values.get(given)).toBeUndefined();
  });

  it('seals everything anew that no receipt proves, in the old order, and nothing else', async () => {
    const messages = [outMessage(), outMessage(), outMessage()];
    const [delivered, sent, waiting] = messages.map(({ id }) => id);
    const arrived = outFrame({ messageIds: [delivered ?? 'msg_'] });
    await store.transact((tx) => {
      for (const message of messages) tx.outbox.insert(message);
      tx.outbox.insertFrame(arrived);
      tx.outbox.insertFrame(outFrame({ messageIds: [sent ?? 'msg_'] }));
      tx.outbox.applyReceipt(toBob, { kind: 'delivered', frameId: arrived.frame.id, at: start });
    });
    expect(await anew()).toMatchObject({ waiting: 2 });
    const { outbox } = store.read;
    expect(outbox.frames(alice, bob)).toEqual([]);
    expect(outbox.waiting({ ...toBob, maxBytes: 10_000, limit: 9 }).map(({ id }) => id)).toEqual([sent, waiting]);
    expect(outbox.message(alice, delivered ?? 'msg_')?.state).toBe('delivered');
  });

  it('ends invites that are open, because they may have been used since, and keeps what is known of the others', async () => {
    const used = { ...invite, id: 'used', usedAt: start, usedBy: bob };
    const over = { ...invite, id: 'over', expiresAt: start + 1 };
    await store.transact((tx) => {
      for (const one of [{ ...invite, id: 'open' }, used, over]) tx.contacts.putInvite(one);
    });
    expect(await anew()).toMatchObject({ invites: 1 });
    const { contacts } = store.read;
    expect(contacts.invite('open')?.expiresAt).toBe(start + 5);
    expect([contacts.invite('used'), contacts.invite('over')]).toEqual([used, over]);
  });

  it('keeps contacts, and what came in with its deduplication; says how much its program has yet to handle', async () => {
    const [open, done] = [inMessage(), inMessage()];
    await store.transact((tx) => {
      tx.contacts.put(contactOf());
      for (const message of [open, done]) tx.inbox.insert(message);
      tx.inbox.complete(alice, done.id);
      tx.inbox.rememberFrame(alice, bob, { frameId: open.frameId, kind: 'app', kept: 9 });
    });
    expect(await anew()).toMatchObject({ unhandled: 1 });
    const { contacts, inbox } = store.read;
    expect(contacts.byAgentId(alice, bob)).toEqual(contactOf());
    expect(inbox.hasFrame(alice, bob, open.frameId)).toBe(true);
    expect(await store.transact((tx) => tx.inbox.insert(done))).toBe(false);
  });

  it('tells it in the audit log', async () => {
    await anew();
    expect(store.read.audit.last()).toMatchObject({
      kind: 'agent.restored',
      data: { number: life.number, asOf: start },
    });
  });
});
