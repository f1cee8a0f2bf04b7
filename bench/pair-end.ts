// One end of `bench pair`: an agent in this process, driven over IPC.
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from '../src/index.ts';

const [role = 'alice', dir = '', reach] = process.argv.slice(2);
const endpoint = reach === 'unreachable' ? { endpoint: 'http://127.0.0.1:9' } : {};
const agent = await Agent.open({ name: role, stateDir: dir, ...endpoint });
const body = 'x'.repeat(256);

let seen = new Map<number, number>();
let delays: number[] = [];
let duplicated = 0;
let outOfOrder = 0;
let highest = -1;
let lastAt = 0;
let longestGapMs = 0;
let cpuFrom = process.cpuUsage();
let arrived = (): void => {};

if (role !== 'alice') {
  agent.onMessage((message) => {
    const n = Number(message.metadata?.['n'] ?? -1);
    if (n < 0) return;
    const now = performance.timeOrigin + performance.now();
    delays.push(now - Number(message.metadata?.['at']));
    if (seen.has(n)) duplicated += 1;
    if (n < highest) outOfOrder += 1;
    highest = Math.max(highest, n);
    seen.set(n, 1);
    if (seen.size > 1) longestGapMs = Math.max(longestGapMs, now - lastAt);
    lastAt = now;
    arrived();
  });
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage(cpuFrom);
  return (user + system) / 1e6;
};

const never = { signal: new AbortController().signal };

const now = (): number => performance.timeOrigin + performance.now();

const send = (n: number, to = 'bob'): Promise<unknown> => agent.send(to, { text: body, metadata: { n, at: now() } });

interface Flood {
  readonly to?: string;
  /** The number of the first message. */
  readonly first?: number;
}

async function flood(messages: number, { to = 'bob', first = 0 }: Flood): Promise<Record<string, number>> {
  cpuFrom = process.cpuUsage();
  const startedAt = now();
  const window = 4000;
  let next = first;
  const worker = async (): Promise<void> => {
    while (next < first + messages) {
      const n = next;
      next += 1;
      await send(n, to);
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, messages) }, worker));
  return { startedAt, acceptedAt: now(), cpuSeconds: cpuSeconds() };
}

async function paced(messages: number, perSecond: number): Promise<Record<string, number>> {
  const startedAt = performance.now();
  for (let n = 0; n < messages; n += 1) {
    const dueMs = (n * 1000) / perSecond - (performance.now() - startedAt);
    if (dueMs > 0) await sleep(dueMs);
    await send(n);
  }
  return { perSecond: Math.round(messages / ((performance.now() - startedAt) / 1000)) };
}

async function all(expected: number): Promise<void> {
  const giveUpAt = performance.now() + 600_000;
  while (seen.size < expected && performance.now() < giveUpAt) {
    await Promise.race([new Promise<void>((resolve) => (arrived = resolve)), sleep(1000)]);
  }
}

const percentile = (sorted: readonly number[], p: number): number =>
  Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0).toFixed(2));

const verbs: Record<string, (input: Record<string, unknown>) => Promise<Record<string, unknown>>> = {
  invite: async () => ({ invite: (await agent.invite({ tier: 'trusted' })).invite }),
  join: async ({ invite }) => {
    const contact = await agent.join(String(invite), { tier: 'trusted' });
    return { state: contact.state };
  },
  joinHub: async ({ target, relay }) => ({
    ...(await agent.operations.joinHub({ target: String(target), relay: relay === true }, never)),
  }),
  route: async () => {
    const [contact] = (await agent.operations.routes({ contact: 'bob' }, never)).contacts;
    return { route: contact?.routes.map(({ kind, url }) => `${kind} ${url}`).at(0) };
  },
  warm: async ({ messages }) => {
    for (let n = 0; n < Number(messages); n += 100) {
      await Promise.all(Array.from({ length: 100 }, () => agent.send('bob', { text: body, metadata: { n: -1 } })));
    }
    await sleep(1500);
    return {};
  },
  paced: ({ messages, perSecond }) => paced(Number(messages), Number(perSecond)),
  flood: ({ messages, ...options }) => flood(Number(messages), options),
  rss: async () => ({ rssMb: Math.round(process.memoryUsage().rss / 1e6) }),
  reset: async () => {
    seen = new Map();
    delays = [];
    highest = -1;
    longestGapMs = 0;
    cpuFrom = process.cpuUsage();
    return {};
  },
  latency: async ({ expected }) => {
    await all(Number(expected));
    const sorted = delays.toSorted((a, b) => a - b);
    return {
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      lost: Number(expected) - seen.size,
      duplicated,
    };
  },
  drained: async ({ expected }) => {
    await all(Number(expected));
    const lost = Number(expected) - seen.size;
    const result = { lastAt, longestGapMs, cpuSeconds: cpuSeconds(), lost, duplicated, outOfOrder };
    return result;
  },
};

process.on('message', (input: { readonly type: string }) => {
  if (input.type === 'close') {
    void agent.close().then(() => process.exit(0));
    return;
  }
  void verbs[input.type]?.({ ...input }).then((result) => process.send?.({ type: input.type, ...result }));
});
