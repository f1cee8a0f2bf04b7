import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIds, systemClock, systemRandom } from '#kernel';
import { type AgentId, agentIdOf, keyPairFromSeed } from '#identity';
import type { HubStore, NewMail } from '#hub';
import { openNatsHubStore, openSqliteHubStore } from '#storage';
import { NatsServer } from '../test/support/nats-server.ts';

const frames = 20_000;
const frameBytes = 1024;
const members = 50;
/** Frames that a link hands over at once, and how many links do. */
const batch = 8;
const links = 32;
const ports = { clock: systemClock, random: systemRandom };
const ids = createIds(systemClock, systemRandom);
const bounds = {
  maxFrames: 1e6,
  maxFramesPerSender: 1e6,
  maxFramesOfGuests: 1e6,
  maxBytes: 1e12,
  maxBytesPerSender: 1e12,
  maxBytesOfGuests: 1e12,
};

/** What the stores of a hub do on one machine, without links: SQLite on the disk, one NATS server, a cluster of three. */
export async function run(): Promise<Record<string, number>> {
  const results: Record<string, number> = {};
  const add = async (name: string, store: HubStore): Promise<void> => {
    for (const [what, value] of Object.entries(await measure(store))) results[`${name}${what}`] = value;
    await store.close();
  };
  const dir = mkdtempSync(join(tmpdir(), 'hub-store-'));
  await add('sqlite', await openSqliteHubStore({ ...ports, path: join(dir, 'hub.db') }));
  rmSync(dir, { recursive: true });
  {
    await using server = await NatsServer.start();
    await add('nats', (await openNatsHubStore({ ...ports, urls: server.url })).store);
  }
  const cluster = await NatsServer.startCluster();
  await add('cluster', (await openNatsHubStore({ ...ports, urls: cluster[0]?.url ?? '' })).store);
  await Promise.all(cluster.map((server) => server[Symbol.asyncDispose]()));
  return results;
}

async function measure(store: HubStore): Promise<Record<string, number>> {
  const agents = Array.from({ length: members }, (_, number) => {
    const seed = new Uint8Array(32);
    seed.set([number + 1, 1]);
    return agentIdOf(keyPairFromSeed(seed).publicKey);
  });
  await Promise.all(
    agents.map((agentId, number) => {
      const facts = { name: `agent${number}`, seq: 1, card: new Uint8Array(1000), capabilities: [], text: '' };
      return store.agents.register({ agentId, ...facts, at: systemClock.now(), isAdmitted: true, maxAgents: 1e6 });
    }),
  );
  const stored = await rate(() => storeAll(store, (number) => agents[number % members]));
  const read = await rate(() => readAll(store, agents));
  const [only] = agents;
  const oneBox = await rate(() => storeAll(store, () => only));
  return { StoredPerSecond: stored, FetchedPerSecond: read, StoredInOneMailboxPerSecond: oneBox };
}

async function rate(work: () => Promise<void>): Promise<number> {
  const before = systemClock.monotonic();
  await work();
  return Math.round(frames / ((systemClock.monotonic() - before) / 1000));
}

async function storeAll(store: HubStore, recipient: (number: number) => AgentId | undefined): Promise<void> {
  let begun = 0;
  const from = recipient(1);
  const next = (): NewMail[] => {
    const to = recipient((begun / batch) | 0);
    begun += batch;
    if (to === undefined || from === undefined) return [];
    const at = systemClock.now();
    const common = { to, from, at, expiresAt: at + 1e8, isGuest: false, bounds, frame: systemRandom.bytes(frameBytes) };
    return Array.from({ length: batch }, () => ({ ...common, id: ids.next('frm') }));
  };
  const link = async (): Promise<void> => {
    while (begun < frames) {
      const told = await store.mailboxes.append(next());
      if (!told.every(({ kind }) => kind === 'stored')) throw new Error('A frame was not stored');
    }
  };
  await Promise.all(Array.from({ length: links }, link));
}

async function readAll(store: HubStore, agents: readonly AgentId[]): Promise<void> {
  let read = 0;
  await Promise.all(
    agents.map(async (agentId) => {
      for (let more = true; more;) {
        const page = await store.mailboxes.read(agentId, { after: 0, frames: 64, bytes: 1 << 20 });
        const last = page.items.at(-1);
        read += page.items.length;
        more = page.more;
        if (last !== undefined) await store.mailboxes.ack(agentId, { epoch: page.epoch, upTo: last.cursor });
      }
    }),
  );
  if (read !== frames) throw new Error(`Of ${frames} frames ${read} were read`);
}
