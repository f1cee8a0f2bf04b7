// What an idle agent costs a hub: its memory, the processor time of all of them, and how they come back when the hub was away. For
// comparison as many WebSockets at a server that does nothing with them.
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultLimits, type Limits } from '#kernel';
import { hubLimits } from '#hub';
import { End } from './end.ts';
import { type RunningHub, startHub } from './hub-process.ts';
import { cpuSeconds, residentKb } from './process-figures.ts';

const agents = Number(process.env['BENCH_AGENTS'] ?? 10_000);
const settleMs = 5000;
/** The garbage of ten thousand handshakes goes, and its room, when little has happened for a while. */
const restMs = Number(process.env['BENCH_REST_MS'] ?? 120_000);
const sampleMs = 5000;
/** In each of these every connection is pinged once. */
const idleMs = Number(process.env['BENCH_IDLE_MS'] ?? defaultLimits.linkPingMs);

export async function run(): Promise<Record<string, number | string>> {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  const driver = new End('agents', dir, { program: './idle-agents.ts' });
  let hub = await startHub(join(dir, 'hub'));
  try {
    const idle = await idleAgents(hub, driver);
    await hub.kill();
    await driver.ask('down');
    const startedAt = performance.now();
    hub = await startHub(join(dir, 'hub'), { port: Number(new URL(hub.url).port) });
    const { connects, peakConnectsPerSecond } = await driver.ask('up');
    const reconnectSeconds = Number(((performance.now() - startedAt) / 1000).toFixed(1));
    await driver.ask('leave');
    const bareKilobytes = await bareConnections(dir, driver);
    return {
      agents,
      ...idle,
      reconnectSeconds,
      connects: Number(connects),
      peakConnectsPerSecond: Number(peakConnectsPerSecond),
      bareWebSocketKilobytes: bareKilobytes,
      timesBareWebSocket: Number((idle.kilobytesPerAgent / bareKilobytes).toFixed(2)),
      limits: shown(hubLimits, ['maxLinks', 'maxUnauthenticatedLinks', 'newcomerPercent']),
      reconnectPolicy: shown(defaultLimits, ['hubReturnMs', 'hubRetryMs', 'hubMaxRetryMs']),
      machineLoad: Number(loadavg()[0]?.toFixed(1)),
    };
  } finally {
    await driver.end();
    await hub.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function idleAgents({ pid, url, agentId }: RunningHub, driver: End) {
  await sleep(settleMs);
  const before = residentKb(pid);
  const startedAt = performance.now();
  await driver.ask('open', { base: url, hub: agentId, agents });
  const connectSeconds = Number(((performance.now() - startedAt) / 1000).toFixed(1));
  await sleep(settleMs);
  const perAgent = (): number => Number(((residentKb(pid) - before) / agents).toFixed(1));
  const kilobytesAtFirst = perAgent();
  await sleep(restMs);
  const cpuFrom = cpuSeconds(pid);
  const samples: number[] = [];
  for (let ms = 0; ms < idleMs; ms += sampleMs) {
    await sleep(sampleMs);
    samples.push(perAgent());
  }
  return {
    kilobytesPerAgent: samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? kilobytesAtFirst,
    kilobytesPerAgentAtFirst: kilobytesAtFirst,
    kilobytesPerAgentAtMost: Math.max(...samples),
    idleCpuPercent: Number((((cpuSeconds(pid) - cpuFrom) / (idleMs / 1000)) * 100).toFixed(2)),
    hubKilobytesBefore: before,
    connectSeconds,
  };
}

/** What the product runs with; nothing is set for the measurement. */
const shown = (limits: Limits, names: readonly (keyof Limits)[]): string =>
  names.map((name) => `${name} ${String(limits[name])}`).join(', ');

async function bareConnections(dir: string, driver: End): Promise<number> {
  const server = new End('server', dir, { program: './bare-websockets.ts' });
  try {
    const { port, pid } = await server.ask('where');
    await sleep(settleMs);
    const before = residentKb(Number(pid));
    await driver.ask('bare', { url: `ws://127.0.0.1:${Number(port)}`, connections: agents });
    await sleep(settleMs);
    return Number(((residentKb(Number(pid)) - before) / agents).toFixed(1));
  } finally {
    await server.end();
  }
}
