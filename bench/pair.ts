// Two node processes, direct link, 256-byte messages, durable at both ends, handled by an in-process runtime.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { End } from './end.ts';
import { references } from './references.ts';

const throughputMessages = Number(process.env['BENCH_MESSAGES'] ?? 200_000);
const pacedMessages = 1000;

export async function run(): Promise<Record<string, number>> {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  const sender = new End('alice', join(dir, 'alice'));
  const receiver = new End('bob', join(dir, 'bob'));
  try {
    const { invite } = await sender.ask('invite');
    await receiver.ask('join', { invite });
    await sender.ask('warm', { messages: 3000 });

    await receiver.ask('reset');
    const paced = await sender.ask('paced', { messages: pacedMessages, perSecond: 100 });
    const latency = await receiver.ask('latency', { expected: pacedMessages });

    await receiver.ask('reset');
    const flood = await sender.ask('flood', { messages: throughputMessages });
    const got = await receiver.ask('drained', { expected: throughputMessages });
    if (process.env['BENCH_DEBUG']) console.error({ paced, latency, flood, got });
    const seconds = (Number(got['lastAt']) - Number(flood['startedAt'])) / 1000;
    const cpuSeconds = Number(flood['cpuSeconds']) + Number(got['cpuSeconds']);
    return {
      messagesPerSecond: Math.round(throughputMessages / seconds),
      seconds: Number(seconds.toFixed(1)),
      messages: throughputMessages,
      p50Ms: Number(latency['p50Ms']),
      p99Ms: Number(latency['p99Ms']),
      pacedAchievedPerSecond: Number(paced['perSecond']),
      lost: Number(got['lost']) + Number(latency['lost']),
      duplicated: Number(got['duplicated']) + Number(latency['duplicated']),
      outOfOrder: Number(got['outOfOrder']),
      cpuSecondsPer1000: Number((cpuSeconds / (throughputMessages / 1000)).toFixed(4)),
      ...(await references(dir)),
    };
  } finally {
    await Promise.all([sender.end(), receiver.end()]);
    rmSync(dir, { recursive: true, force: true });
  }
}
