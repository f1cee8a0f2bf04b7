// What a delivery through one hub costs as the hub grows: a frame into a mailbox, out of it, and acknowledged, durable in between.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { createIds, silentLogger, systemClock, systemRandom } from '#kernel';
import { type AgentId, agentIdOf, keyPairFromSeed } from '#identity';
import type { HubStore, MailboxBounds } from '#hub';
import { openSqliteHubStore } from '#storage';
import { references } from './references.ts';

const deliveries = 4000;
const atOnce = 100;
const frameBytes = 1200;
const sizes = (process.env['BENCH_MAILBOXES'] ?? '10,1000,100000').split(',').map(Number);
const waitingMailboxes = 100;
const waitingFrames = Number(process.env['BENCH_WAITING'] ?? 10_000);

const bounds: MailboxBounds = {
  maxFrames: 1_000_000,
  maxBytes: 1e12,
  maxFramesPerSender: 1_000_000,
  maxBytesPerSender: 1e12,
  maxFramesOfGuests: 1_000_000,
  maxBytesOfGuests: 1e12,
};

/** The same agent for the same number. */
function agentNumber(n: number): AgentId {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, n + 1);
  return agentIdOf(keyPairFromSeed(seed).publicKey);
}

export async function run(): Promise<Record<string, number>> {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  const store = await openSqliteHubStore({
    path: join(dir, 'hub.db'),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  try {
    const members: AgentId[] = [];
    const micros: Record<string, number> = {};
    for (const size of sizes) {
      await grow(store, members, size);
      await deliver(store, members);
      micros[`microsWith${size}Mailboxes`] = await deliver(store, members);
    }
    await fill(store, members.slice(0, waitingMailboxes));
    micros['microsWithFramesWaiting'] = await deliver(store, members);
    const values = Object.values(micros);
    const first = values[0] ?? 1;
    const last = values.at(-1) ?? first;
    return {
      ...micros,
      growthPercent: Number(((last / first - 1) * 100).toFixed(1)),
      framesWaiting: waitingMailboxes * waitingFrames,
      rssMb: Math.round(process.memoryUsage().rss / 1e6),
      ...(await references(dir)),
    };
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function grow(store: HubStore, members: AgentId[], size: number): Promise<void> {
  while (members.length < size) {
    const some = Array.from({ length: Math.min(500, size - members.length) }, (_, n) =>
      agentNumber(members.length + n),
    );
    await Promise.all(
      some.map((agentId, n) =>
        store.agents.register({
          agentId,
          name: `agent-${members.length + n}`,
          seq: 1,
          card: randomBytes(600),
          capabilities: [],
          text: '',
          at: Date.now(),
          isAdmitted: true,
          maxAgents: 1_000_000,
        }),
      ),
    );
    members.push(...some);
  }
}

const ids = createIds(systemClock, systemRandom);
const sender = agentNumber(5_000_000);
const body = randomBytes(frameBytes);

const mailTo = (to: AgentId) => {
  const at = Date.now();
  return { to, from: sender, id: ids.next('frm'), frame: body, at, expiresAt: at + 1e9, isGuest: false, bounds };
};

/** Microseconds for one frame, of which `atOnce` are under way together, to mailboxes all over the hub. */
async function deliver(store: HubStore, members: readonly AgentId[]): Promise<number> {
  // Mailboxes in which nothing waits, if there are others.
  const free = members.length > waitingMailboxes ? members.slice(waitingMailboxes) : members;
  const startedAt = performance.now();
  for (let done = 0; done < deliveries; done += atOnce) {
    const step = free.length / atOnce;
    const places = Array.from({ length: atOnce }, (_, n) => Math.floor(n * step + (done % step)) % free.length);
    await Promise.all(places.map((place) => deliverOne(store, free[place] ?? sender)));
  }
  return Math.round(((performance.now() - startedAt) * 1000) / deliveries);
}

async function deliverOne(store: HubStore, to: AgentId): Promise<void> {
  await store.mailboxes.append([mailTo(to)]);
  const { items, epoch } = await store.mailboxes.read(to, { after: 0, frames: 100, bytes: 1_000_000 });
  const last = items.at(-1);
  if (last !== undefined) await store.mailboxes.ack(to, { epoch, upTo: last.cursor });
}

async function fill(store: HubStore, members: readonly AgentId[]): Promise<void> {
  for (let n = 0; n < waitingFrames; n += 100) {
    await Promise.all(
      members.map((to) =>
        store.mailboxes.append(Array.from({ length: Math.min(100, waitingFrames - n) }, () => mailTo(to))),
      ),
    );
  }
}
