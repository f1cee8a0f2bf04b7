// Two node processes behind NAT and a hub process between them: 256-byte messages, end to end. SQLite, durable before every answer; with
// `--store nats` one nats-server.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServer } from '../test/support/nats-server.ts';
import { End } from './end.ts';
import { startHub } from './hub-process.ts';
import { references } from './references.ts';

const throughputMessages = Number(process.env['BENCH_MESSAGES'] ?? 100_000);
const pacedMessages = 1000;

export async function run(): Promise<Record<string, number | string>> {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  const nats = process.argv.includes('nats') ? await NatsServer.start() : undefined;
  const hub = await startHub(join(dir, 'hub'), { store: nats?.url });
  const sender = new End('alice', join(dir, 'alice'), { unreachable: true });
  const receiver = new End('bob', join(dir, 'bob'), { unreachable: true });
  try {
    for (const end of [sender, receiver]) await end.ask('joinHub', { target: hub.url });
    const { invite } = await sender.ask('invite');
    await receiver.ask('join', { invite });
    await sender.ask('warm', { messages: 3000 });

    await receiver.ask('reset');
    await sender.ask('paced', { messages: pacedMessages, perSecond: 100 });
    const latency = await receiver.ask('latency', { expected: pacedMessages });

    await receiver.ask('reset');
    const flood = await sender.ask('flood', { messages: throughputMessages });
    const got = await receiver.ask('drained', { expected: throughputMessages });
    const seconds = (Number(got['lastAt']) - Number(flood['startedAt'])) / 1000;
    const { route } = await sender.ask('route');
    return {
      store: nats === undefined ? 'sqlite' : 'nats',
      route: String(route).replace(/\d+$/, 'PORT'),
      messagesPerSecond: Math.round(throughputMessages / seconds),
      seconds: Number(seconds.toFixed(1)),
      messages: throughputMessages,
      p50Ms: Number(latency['p50Ms']),
      p99Ms: Number(latency['p99Ms']),
      lost: Number(got['lost']) + Number(latency['lost']),
      duplicated: Number(got['duplicated']) + Number(latency['duplicated']),
      outOfOrder: Number(got['outOfOrder']),
      endsCpuSecondsPer1000: Number(
        ((Number(flood['cpuSeconds']) + Number(got['cpuSeconds'])) / (throughputMessages / 1000)).toFixed(4),
      ),
      ...(await references(dir)),
    };
  } finally {
    await Promise.all([sender.end(), receiver.end()]);
    await hub.stop();
    await nats?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  }
}
