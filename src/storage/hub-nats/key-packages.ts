import { createHash } from 'node:crypto';
import { concatBytes, MeshError, toHex } from '#kernel';
import type { AgentId } from '#identity';
import type { HubKeyPackages } from '#hub';
import type { IndexedAgent } from './agent-row.ts';
import { bytesIn, type Fields, intIn, list } from './fields.ts';
import { type HubCore, needMember } from './hub-core.ts';
import { LogCache } from './log-cache.ts';
import { type LogRecord, SubjectLog } from './subject-log.ts';

type Put = Parameters<HubKeyPackages['put']>[1];

/** Hashes of packages that were handed out and must not come again; older ones are forgotten. */
const maxKnown = 8192;
const hashBytes = 8;
/** The log of an agent begins anew with all that is left when it has so many records. */
const maxRecords = 200;
const maxLogs = 10_000;

/** Where a package lies. */
interface Place {
  readonly seq: number;
  readonly id: string;
  readonly offset: number;
  readonly size: number;
}

/** The packages of one agent: a log of what was put and what was taken. Whose record of taking is valid has the package. */
class KeyLog {
  readonly log: SubjectLog;
  readonly left = new Map<string, Place>();
  readonly known = new Set<string>();
  lastResort: Place | undefined;
  records = 0;

  constructor(core: HubCore, box: string) {
    const place = { stream: core.layout.keys, subject: core.layout.keySubject(box), headersOnly: true };
    this.log = new SubjectLog(core.client, { ...place, replicas: core.replicas }, (record) => this.#take(record));
  }

  #take({ seq, id, meta }: LogRecord): void {
    this.records += 1;
    if (meta['kind'] === 'taken') {
      this.left.delete(toHex(bytesIn(meta['hash'], 'hash')));
      return;
    }
    if (meta['kind'] === 'all') {
      this.left.clear();
      this.lastResort = undefined;
      this.records = 1;
    }
    for (const hash of list(meta, 'known')) this.known.add(toHex(bytesIn(hash, 'known')));
    let offset = 0;
    const hashes = list(meta, 'hashes').map((hash) => toHex(bytesIn(hash, 'hashes')));
    for (const [index, value] of list(meta, 'sizes').entries()) {
      const size = intIn(value, 'sizes');
      const hash = hashes[index];
      if (hash === undefined) this.lastResort = { seq, id, offset, size };
      else {
        this.known.add(hash);
        this.left.set(hash, { seq, id, offset, size });
      }
      offset += size;
    }
    for (const oldest of this.known) {
      if (this.known.size <= maxKnown) break;
      this.known.delete(oldest);
    }
  }
}

export class NatsKeyPackages implements HubKeyPackages {
  readonly #core: HubCore;
  readonly #logs: LogCache<KeyLog>;

  constructor(core: HubCore) {
    this.#core = core;
    this.#logs = new LogCache(maxLogs, (box) => new KeyLog(core, box));
  }

  put(agentId: AgentId, put: Put): Promise<number> {
    return this.#core.run(async () => {
      const agent = await needMember(this.#core, agentId);
      return await this.#logs.use(agent.keys, (keys) =>
        keys.log.serial.run(() => keys.log.decide(() => this.#put(keys, put))),
      );
    });
  }

  take(agentId: AgentId): Promise<Uint8Array | undefined> {
    return this.#core.run(async () => {
      const agent = await needMember(this.#core, agentId);
      return await this.#logs.use(agent.keys, (keys) =>
        keys.log.serial.run(async () => {
          await keys.log.refresh();
          const place = await keys.log.decide(() => this.#take(keys));
          const bytes = place && (await this.#bytesAt(place));
          if (keys.records > maxRecords) await this.#beginAnew(agent.keys, keys);
          return bytes;
        }),
      );
    });
  }

  async count(agent: IndexedAgent): Promise<number> {
    return await this.#logs.use(agent.keys, async (keys) => {
      await keys.log.refresh();
      return keys.left.size;
    });
  }

  /** Removes what is nobody's any more; a crash before leaves it lying there. */
  async dropBox(box: string): Promise<void> {
    const { client, layout } = this.#core;
    this.#logs.forget(box);
    if (box !== '') await client.purge(layout.keys, layout.keySubject(box));
  }

  reset(): void {
    this.#logs.clear();
  }

  async #put(keys: KeyLog, { packages, lastResort, max }: Put): Promise<{ done: number } | undefined> {
    const fresh = new Map<string, Uint8Array>();
    for (const bytes of packages) {
      const hash = hashOf(bytes);
      if (keys.left.size + fresh.size >= max) break;
      if (!keys.known.has(hash)) fresh.set(hash, bytes);
    }
    if (fresh.size === 0 && lastResort === undefined) {
      // Nothing to write, but what was taken elsewhere counts.
      await keys.log.refresh();
      return { done: keys.left.size };
    }
    const meta = metaOf(
      'put',
      [...fresh.keys()],
      [...fresh.values(), ...(lastResort === undefined ? [] : [lastResort])],
    );
    const data = concatBytes(...fresh.values(), lastResort ?? new Uint8Array());
    return (await keys.log.append(meta, data)) === undefined ? undefined : { done: keys.left.size };
  }

  async #take(keys: KeyLog): Promise<{ done: Place | undefined } | undefined> {
    const [oldest] = keys.left;
    if (oldest === undefined) return { done: keys.lastResort };
    const [hash, place] = oldest;
    const taken = await keys.log.append({ kind: 'taken', hash: Buffer.from(hash, 'hex') }, new Uint8Array());
    return taken === undefined ? undefined : { done: place };
  }

  async #bytesAt({ seq, offset, size, ...place }: Place): Promise<Uint8Array> {
    const stored = await this.#core.client.at(
      this.#core.layout.keys,
      seq,
      ({ id, data }) => id === place.id && data.length >= offset + size,
    );
    if (stored === undefined)
      throw new MeshError('STORE_CORRUPT', 'JetStream does not hold a key package that it confirmed');
    return stored.data.slice(offset, offset + size);
  }

  /** One record in place of all: appended like any other, and those before it are removed when it is valid. */
  async #beginAnew(box: string, keys: KeyLog): Promise<void> {
    const { client, layout } = this.#core;
    const left = [...keys.left];
    const places = [...left.map(([, place]) => place), ...(keys.lastResort === undefined ? [] : [keys.lastResort])];
    const total = places.reduce((sum, { size }) => sum + size, 0);
    if (total > (client.connection.info?.max_payload ?? 0) / 2) return;
    const bytes = await Promise.all(places.map((place) => this.#bytesAt(place)));
    const known = [...keys.known].map((hash) => Buffer.from(hash, 'hex'));
    const meta = {
      ...metaOf(
        'all',
        left.map(([hash]) => hash),
        bytes,
      ),
      known,
    };
    const appended = await keys.log.append(meta, concatBytes(...bytes));
    if (appended !== undefined) await client.purge(layout.keys, layout.keySubject(box), appended.seq);
  }
}

/** Sizes of the packages whose hashes are named, and behind them that of a last resort. */
const metaOf = (kind: string, hashes: readonly string[], packages: readonly Uint8Array[]): Fields => ({
  kind,
  hashes: hashes.map((hash) => Buffer.from(hash, 'hex')),
  sizes: packages.map(({ length }) => length),
  known: [],
});

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256')
    .update(bytes)
    .digest('hex')
    .slice(0, 2 * hashBytes);
}
