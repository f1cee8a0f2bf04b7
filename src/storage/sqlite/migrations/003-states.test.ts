import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alice, bob, bytesOf, start } from '../../../../test/contracts/store/samples.ts';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { defaultLimits, silentLogger } from '#kernel';
import type { MeshStore } from '#pipeline';
import { openSqliteStore } from '../../open-store.ts';
import { migrate } from '../migrate.ts';
import { init } from './001-init.ts';

type Row = Readonly<Record<string, SQLInputValue>>;

const lane = 1;
const message = { lane, type: 0, priority: 1, created_at: start, expires_at: start + 1000, conversation_id: 'conv_1' };
const sentOnce = { sent_at: start + 3, attempts: 1, route: 'direct x' };
const frameOf = (no: number, more: Row = {}): Row => ({
  no,
  id: `frm_${no}`,
  lane,
  group_id: 'aa',
  kind: 'app',
  sender: 'alice',
  recipient: bob,
  created_at: start + 2,
  expires_at: start + 1000,
  priority: 1,
  messages: 1,
  ...more,
});

interface Case {
  readonly row?: Row;
  readonly frame?: Row;
  /** What people see of it afterwards. */
  readonly seen: object;
}

const sealed = { sealedAt: start + 2 };
const delivered = { ...sentOnce, delivered_at: start + 4, open: 0 };

const cases: Readonly<Record<string, Case>> = {
  waits: { seen: { state: 'queued', attempts: 0 } },
  'is sealed': { frame: {}, seen: { state: 'queued', ...sealed } },
  'was sent': {
    frame: sentOnce,
    seen: { state: 'sent', ...sealed, sentAt: start + 3, attempts: 1, route: 'direct x', firstRoute: 'direct x' },
  },
  'was sent, and waits to be sealed anew': { row: sentOnce, seen: { state: 'queued', sentAt: start + 3, attempts: 1 } },
  'was delivered': { frame: delivered, seen: { state: 'delivered', deliveredAt: start + 4 } },
  'was seen': { row: { seen_at: start + 5 }, frame: delivered, seen: { state: 'seen', seenAt: start + 5 } },
  'was seen, and its frame is gone': { row: { ...sentOnce, seen_at: start + 5 }, seen: { state: 'seen' } },
  'was answered': {
    row: { seen_at: start + 5, answered_at: start + 6, answer_id: 'msg_a' },
    frame: delivered,
    seen: { state: 'answered', answerId: 'msg_a' },
  },
  'was refused': {
    row: { ended: 1, ended_at: start + 6, reason: 'HANDLER_FAILED' },
    frame: delivered,
    seen: { state: 'refused', reason: 'HANDLER_FAILED', endedBy: 'receipt' },
  },
  'was refused because its peer was blocked': {
    row: { ended: 1, ended_at: start + 6, reason: 'CONTACT_BLOCKED' },
    seen: { state: 'refused', reason: 'CONTACT_BLOCKED', endedBy: 'this node' },
  },
  'expired while it waited': {
    row: { ended: 2, ended_at: start + 1000 },
    seen: { state: 'expired', endedAt: start + 1000, endedBy: 'this node' },
  },
  'expired, as its peer says': {
    row: { ended: 2, ended_at: start + 1000, reason: 'EXPIRED' },
    frame: delivered,
    seen: { state: 'expired', reason: 'EXPIRED', endedBy: 'receipt' },
  },
  'expired by the clock of its sender, and was delivered': {
    row: { ended: 2, ended_at: start + 1000 },
    frame: delivered,
    seen: { state: 'delivered' },
  },
  'expired by the clock of its sender, and was seen': {
    row: { ended: 2, ended_at: start + 1000, seen_at: start + 5 },
    frame: delivered,
    seen: { state: 'seen' },
  },
};

const idOf = (name: string): `msg_${string}` => `msg_${name.replaceAll(/\W/g, '')}`;

function insert(connection: DatabaseSync, table: string, row: Row): void {
  const names = Object.keys(row);
  const sql = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;
  connection.prepare(sql).run(...Object.values(row));
}

/** Where the inbox messages of this test are, as the number of their phase says. */
const phases = { fresh: 0, dead: 3, readAndDead: 7, handled: 8 };

function fill(connection: DatabaseSync): void {
  insert(connection, 'lane', { no: lane, agent: alice, peer: bob });
  for (const [at, [name, { row = {}, frame }]] of Object.entries(cases).entries()) {
    const no = at + 1;
    if (frame !== undefined) insert(connection, 'frame', frameOf(no, frame));
    const place = frame === undefined ? {} : { frame: no };
    insert(connection, 'outbox', { ...message, seq: no, id: idOf(name), body: bytesOf(10), ...place, ...row });
  }
  for (const [at, [name, phase]] of Object.entries(phases).entries()) {
    const seq = at + 1;
    const row = { seq, id: idOf(name), lane, received_at: start, expires_at: start + 1000, frame_id: 'frm_in' };
    insert(connection, 'inbox', { ...row, conversation_id: 'conv_1', body: bytesOf(10) });
    insert(connection, 'inbox_state', { seq, lane, phase, type: 0, priority: 1 });
  }
  for (const id of ['frm_b', 'frm_a']) {
    insert(connection, 'received_frame', {
      lane,
      id,
      kind: 'app',
      until: start,
      refused: id === 'frm_a' ? 'MALFORMED' : null,
    });
  }
}

describe('a database of version 1', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-states-'));
  const path = join(dir, 'mesh.db');
  let store: MeshStore;

  beforeAll(async () => {
    const connection = new DatabaseSync(path);
    migrate(connection, 0, [init]);
    fill(connection);
    connection.close();
    store = await openSqliteStore({ path, clock: new ManualClock(start), limits: defaultLimits, logger: silentLogger });
  });

  afterAll(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  it.each(Object.entries(cases))('says the same of a message that %s', (name, { seen }) => {
    expect(store.read.outbox.message(alice, idOf(name))).toMatchObject(seen);
  });

  it('counts what waits to be sealed, and seals nothing else', () => {
    const { outbox } = store.read;
    const waiting = outbox.waiting({ agent: alice, peer: bob, maxBytes: 1000, limit: 99 }).map(({ id }) => id);
    expect(waiting).toEqual([idOf('waits'), idOf('was sent, and waits to be sealed anew')]);
    expect(outbox.waitingFor(alice, bob)).toEqual({ messages: 2, bytes: 20 });
  });

  it('takes back what was never sealed, and nothing that may have left', async () => {
    const cancel = (name: string) => store.transact((tx) => tx.outbox.cancel(alice, idOf(name), start + 9));
    expect(await cancel('was sent, and waits to be sealed anew')).toBe(false);
    expect(await cancel('is sealed')).toBe(false);
    expect(await cancel('waits')).toBe(true);
  });

  it('knows what nobody has read or handled, what its program gave up on, and which frames were taken', () => {
    const { inbox } = store.read;
    expect(inbox.unreadFrom(alice, bob)).toEqual({ messages: 2, bytes: 20 });
    expect(inbox.deadCounts(alice)).toEqual([{ peer: bob, reason: 'HANDLER_FAILED', count: 2 }]);
    expect(inbox.message(alice, idOf('dead'))).toMatchObject({
      state: 'dead',
      reason: 'HANDLER_FAILED',
      deadAt: start,
    });
    expect(inbox.hasFrame(alice, bob, 'frm_b')).toBe(true);
    expect(inbox.refusalOfFrame(alice, bob, 'frm_a')).toBe('MALFORMED');
  });
});
