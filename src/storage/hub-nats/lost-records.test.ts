import { connect, headers } from '@nats-io/transport-node';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, it, vi } from 'vitest';
import { encodeCbor, type LogFields, type Logger, silentLogger, systemClock, systemRandom } from '#kernel';
import type { HubStore } from '#hub';
import { append, bob, mail, now, page, withMembers } from '../../../test/contracts/hub-store/harness.ts';
import { hasNatsServer, NatsServer } from '../../../test/support/nats-server.ts';
import { openNatsHubStore } from './hub-store.ts';
import { framesMeta, itemOf } from './mail-records.ts';
import { NatsClient } from './nats-client.ts';
import { headersOf } from './stored.ts';

const ports = { clock: systemClock, random: systemRandom };

/** A hub on a server of its own, and what a crash of servers may make of its streams, done by hand. */
class DamagedHub implements AsyncDisposable {
  readonly server: NatsServer;
  readonly #connection: Awaited<ReturnType<typeof connect>>;
  readonly #manager: JetStreamManager;
  readonly #stores: HubStore[] = [];
  readonly damage: LogFields[] = [];

  private constructor(server: NatsServer, connection: Awaited<ReturnType<typeof connect>>, manager: JetStreamManager) {
    this.server = server;
    this.#connection = connection;
    this.#manager = manager;
  }

  static async start(): Promise<DamagedHub> {
    const server = await NatsServer.start();
    const connection = await connect({ servers: server.url });
    return new DamagedHub(server, connection, await jetstreamManager(connection));
  }

  async open(): Promise<HubStore> {
    const logger: Logger = { ...silentLogger, warn: (_event, fields = {}) => this.damage.push(fields) };
    const { store } = await openNatsHubStore({ ...ports, logger, urls: this.server.url });
    this.#stores.push(store);
    return store;
  }

  /** Where the frames of the only mailbox in use lie, and how many records there are. */
  async frames(): Promise<{ readonly stream: string; readonly subject: string; readonly records: number }> {
    for (const shard of [0, 1, 2, 3]) {
      const stream = `mesh_mail_${shard}`;
      const { state } = await this.#manager.streams.info(stream, { subjects_filter: '>' });
      const found = Object.entries(state.subjects ?? {}).find(([subject]) => subject.endsWith('.frames'));
      if (found !== undefined) return { stream, subject: found[0], records: found[1] };
    }
    throw new Error('No mailbox holds anything');
  }

  /** Behind everything that is there; without headers, or with those of a record. */
  async plant(subject: string, meta?: Uint8Array): Promise<void> {
    const marks = meta === undefined ? {} : { headers: headersOf({ meta }, headers()), msgID: 'planted' };
    await jetstream(this.#connection).publish(subject, new Uint8Array(), marks);
  }

  async lastSeq(): Promise<number> {
    const { stream, subject } = await this.frames();
    return (await this.#manager.streams.getMessage(stream, { last_by_subj: subject }))?.seq ?? 0;
  }

  async lose(seq: number): Promise<void> {
    await this.#manager.streams.deleteMessage((await this.frames()).stream, seq);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    await this.#connection.close();
    await this.server[Symbol.asyncDispose]();
  }
}

const textOf = async (store: HubStore): Promise<string[]> =>
  (await store.mailboxes.read(bob, page)).items.map(({ frame }) => Buffer.from(frame).toString());
const letter = (text: string) => mail({ frame: Buffer.from(text) });

describe.runIf(hasNatsServer)('what servers lost or changed in a crash', () => {
  it('is no frame where a message is empty: it is skipped, counted and removed', async () => {
    await using hub = await DamagedHub.start();
    const store = await withMembers(await hub.open());
    await append(store, letter('one'));
    const { subject } = await hub.frames();
    await hub.plant(subject);
    await hub.plant(subject.replace('.frames', '.gone'));
    expect(await append(store, letter('two'))).toMatchObject({ kind: 'stored', isNew: true });
    const late = await hub.open();
    for (const one of [store, late]) expect(await textOf(one)).toEqual(['one', 'two']);
    expect(hub.damage).toContainEqual(expect.objectContaining({ what: 'a message that no hub wrote', sinceStart: 1 }));
    expect((await hub.frames()).records).toBe(3);
    expect(await late.mailboxes.sweep(now)).toBe(0);
    expect((await hub.frames()).records).toBe(2);
    expect(await append(store, letter('three'))).toMatchObject({ isNew: true });
    expect(await textOf(late)).toEqual(['one', 'two', 'three']);
  });

  it('is no frame where an empty message is the last one: it is removed when something came behind it', async () => {
    await using hub = await DamagedHub.start();
    const store = await withMembers(await hub.open());
    await append(store, letter('one'));
    await hub.plant((await hub.frames()).subject);
    expect(await textOf(store)).toEqual(['one']);
    await store.mailboxes.sweep(now);
    expect((await hub.frames()).records).toBe(2);
    expect(await append(store, letter('two'))).toMatchObject({ isNew: true });
    await store.mailboxes.sweep(now);
    expect((await hub.frames()).records).toBe(2);
    expect(await textOf(store)).toEqual(['one', 'two']);
  });

  it('is no frame where a record lost its bytes, and is taken when its sender sends it again', async () => {
    await using hub = await DamagedHub.start();
    const store = await withMembers(await hub.open());
    await append(store, letter('one'));
    const lost = [letter('lost'), letter('lost too')];
    const meta = encodeCbor({ before: await hub.lastSeq(), meta: framesMeta(lost.map(itemOf)) });
    await hub.plant((await hub.frames()).subject, meta);
    // As JetStream tells it, it is stored; nothing but reading it shows that it is not.
    expect(await append(store, lost[0] ?? mail())).toMatchObject({ isNew: false });
    expect(await textOf(store)).toEqual(['one']);
    expect(hub.damage).toEqual([expect.objectContaining({ what: 'frames without their bytes' })]);
    expect((await store.totals()).frames).toBe(1);
    for (const one of lost) expect(await append(store, one)).toMatchObject({ isNew: true });
    for (const one of [store, await hub.open()]) expect(await textOf(one)).toEqual(['one', 'lost', 'lost too']);
  });

  it('is forgotten where a record is gone, and places of before are not taken for those of what comes', async () => {
    await using hub = await DamagedHub.start();
    const store = await withMembers(await hub.open());
    const lost = letter('lost');
    for (const one of [letter('one'), lost]) await append(store, one);
    const seq = await hub.lastSeq();
    const other = await hub.open();
    const { epoch, items } = await other.mailboxes.read(bob, page);
    // This one knows of it and has not read it.
    const third = await hub.open();
    await append(third, letter('three'));
    await hub.lose(seq);
    const read = await third.mailboxes.read(bob, page);
    expect(read.items.map(({ frame }) => Buffer.from(frame).toString())).toEqual(['one', 'three']);
    expect(read.epoch).not.toEqual(epoch);
    expect(items).toHaveLength(2);
    expect(await append(third, lost)).toMatchObject({ isNew: true });
    expect(await textOf(await hub.open())).toEqual(['one', 'three', 'lost']);
  });

  it('is not taken from a replica that has something else, or less, than the leader', async () => {
    await using server = await NatsServer.start();
    const client = await NatsClient.connect({ servers: server.url }, { ...ports, logger: silentLogger, retryMs: 5000 });
    const stream = 'one';
    await client.manager.streams.add({ name: stream, subjects: ['one'], allow_direct: true });
    for (const id of ['a', 'b']) await client.publish({ stream, subject: 'one', id, data: Buffer.from(id) });
    const other = await client.manager.direct.getMessage(stream, { seq: 2 });
    const near = vi.spyOn(client.manager.direct, 'getMessage').mockResolvedValue(other);
    expect((await client.at(stream, 1, () => true))?.id).toBe('b');
    const found = await client.at(stream, 1, ({ id }) => id === 'a');
    expect([found?.id, Buffer.from(found?.data ?? []).toString()]).toEqual(['a', 'a']);
    expect(await client.at(stream, 1, ({ id }) => id === 'c')).toBeUndefined();
    near.mockResolvedValue(null);
    expect((await client.at(stream, 1, ({ id }) => id === 'a'))?.seq).toBe(1);
    await client.close();
  });
});
