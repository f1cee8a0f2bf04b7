// Two node processes behind NAT and a hub that is killed while messages stream: with a second hub, with the relay of a peer that both
// joined, and with one that neither did. How long nothing arrives is the switch.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { End } from './end.ts';
import { type RunningHub, startHub } from './hub-process.ts';
import { references } from './references.ts';
import { startRelay } from './relay-process.ts';

const perSecond = 200;
const messages = Number(process.env['BENCH_MESSAGES'] ?? 4000);

interface Ends {
  readonly sender: End;
  readonly receiver: End;
}

interface Switched {
  readonly seconds: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
}

export async function run(): Promise<Record<string, number | string>> {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  try {
    const hub = await withSecondHub(join(dir, 'hub'));
    const relay = await withRelay(join(dir, 'relay'), { joined: true });
    const promoted = await withRelay(join(dir, 'promoted'), { joined: false });
    const sum = (field: 'lost' | 'duplicated' | 'outOfOrder'): number => hub[field] + relay[field] + promoted[field];
    return {
      switchSeconds: hub.seconds,
      relaySwitchSeconds: relay.seconds,
      promotedSwitchSeconds: promoted.seconds,
      messages: 3 * messages,
      perSecond,
      lost: sum('lost'),
      duplicated: sum('duplicated'),
      outOfOrder: sum('outOfOrder'),
      ...(await references(dir)),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function withSecondHub(dir: string): Promise<Switched> {
  const hubs = [await startHub(join(dir, 'hub-1')), await startHub(join(dir, 'hub-2'))];
  return withEnds(dir, hubs, async (ends) => {
    for (const end of [ends.sender, ends.receiver])
      for (const hub of hubs) await end.ask('joinHub', { target: hub.url });
    await befriend(ends);
    return measured(ends, hubs);
  });
}

/** With `joined` everybody knows beforehand where the other would be found. */
async function withRelay(dir: string, { joined }: { readonly joined: boolean }): Promise<Switched> {
  const hubs = [await startHub(join(dir, 'hub-1'))];
  const relay = await startRelay(join(dir, 'rita'), 'rita');
  try {
    return await withEnds(dir, hubs, async (ends) => {
      for (const end of [ends.sender, ends.receiver]) {
        await end.ask('join', { invite: await relay.invite() });
        for (const hub of hubs) await end.ask('joinHub', { target: hub.url });
        if (joined) await end.ask('joinHub', { target: 'rita', relay: true });
      }
      await befriend(ends);
      return await measured(ends, hubs);
    });
  } finally {
    await relay.stop();
  }
}

async function withEnds(
  dir: string,
  hubs: readonly RunningHub[],
  work: (ends: Ends) => Promise<Switched>,
): Promise<Switched> {
  const sender = new End('alice', join(dir, 'alice'), { unreachable: true });
  const receiver = new End('bob', join(dir, 'bob'), { unreachable: true });
  try {
    return await work({ sender, receiver });
  } finally {
    await Promise.all([sender.end(), receiver.end()]);
    for (const hub of hubs) await hub.stop();
  }
}

async function befriend({ sender, receiver }: Ends): Promise<void> {
  const { invite } = await sender.ask('invite');
  await receiver.ask('join', { invite });
}

/** Kills the hub in use after a third of the messages. */
async function measured({ sender, receiver }: Ends, hubs: readonly RunningHub[]): Promise<Switched> {
  await sender.ask('warm', { messages: 500 });
  await receiver.ask('reset');
  const { route: before } = await sender.ask('route');
  const used = hubs.find(({ url }) => before === `hub ${url}`);
  if (used === undefined) throw new Error(`messages do not go through a hub, but by ${String(before)}`);
  const sent = sender.ask('paced', { messages, perSecond });
  await sleep((messages / perSecond / 3) * 1000);
  await used.kill();
  await sent;
  const got = await receiver.ask('drained', { expected: messages });
  const { route: after } = await sender.ask('route');
  if (after === before) throw new Error('messages still go through the hub that was killed');
  return {
    seconds: Number((Number(got['longestGapMs']) / 1000).toFixed(2)),
    lost: Number(got['lost']),
    duplicated: Number(got['duplicated']),
    outOfOrder: Number(got['outOfOrder']),
  };
}
