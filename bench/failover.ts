// Two node processes behind NAT that share two hubs; the hub in use is killed while messages stream. How long nothing arrives is the switch.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { End } from './end.ts';
import { startHub } from './hub-process.ts';
import { references } from './references.ts';

const perSecond = 200;
const messages = Number(process.env['BENCH_MESSAGES'] ?? 4000);

export async function run(): Promise<Record<string, number | string>> {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  const hubs = [await startHub(join(dir, 'hub-1')), await startHub(join(dir, 'hub-2'))];
  const sender = new End('alice', join(dir, 'alice'), { unreachable: true });
  const receiver = new End('bob', join(dir, 'bob'), { unreachable: true });
  try {
    for (const end of [sender, receiver]) for (const hub of hubs) await end.ask('joinHub', { target: hub.url });
    const { invite } = await sender.ask('invite');
    await receiver.ask('join', { invite });
    await sender.ask('warm', { messages: 500 });
    await receiver.ask('reset');
    const { route: before } = await sender.ask('route');
    const sent = sender.ask('paced', { messages, perSecond });
    await sleep((messages / perSecond / 3) * 1000);
    const used = hubs.find(({ url }) => before === `hub ${url}`);
    await used?.kill();
    await sent;
    const got = await receiver.ask('drained', { expected: messages });
    const { route: after } = await sender.ask('route');
    return {
      switched: String(before !== after && used !== undefined),
      switchSeconds: Number((Number(got['longestGapMs']) / 1000).toFixed(2)),
      messages,
      perSecond,
      lost: Number(got['lost']),
      duplicated: Number(got['duplicated']),
      outOfOrder: Number(got['outOfOrder']),
      ...(await references(dir)),
    };
  } finally {
    await Promise.all([sender.end(), receiver.end()]);
    for (const hub of hubs) await hub.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
