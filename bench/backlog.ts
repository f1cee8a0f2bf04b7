// What a message to a peer that is there costs while 10, 10 000 and 1 000 000 messages wait for one that is away; then that one comes back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { End } from './end.ts';

const levels = (process.env['BENCH_LEVELS'] ?? '10,10000,1000000').split(',').map(Number);
const rounds = 7;
const messagesPerRound = 10_000;

interface Cost {
  readonly waiting: number;
  readonly microsecondsPerMessage: number;
  readonly acceptMicroseconds: number;
  readonly rssMb: number;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

export async function run(): Promise<Record<string, number>> {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  const sender = new End('alice', join(dir, 'alice'));
  const present = new End('bob', join(dir, 'bob'));
  let absent = new End('dora', join(dir, 'dora'));
  try {
    for (const peer of [present, absent]) await peer.ask('join', { invite: (await sender.ask('invite'))['invite'] });
    await absent.end();
    await measured(sender, present);
    const costs: Cost[] = [];
    let waiting = 0;
    for (const level of levels) {
      await sender.ask('flood', { messages: Math.max(0, level - waiting), to: 'dora', first: waiting });
      waiting = Math.max(level, waiting);
      const cost = await costNow({ sender, present, waiting });
      waiting += acceptedPerLevel;
      costs.push(cost);
    }
    absent = new End('dora', join(dir, 'dora'));
    const startedAt = performance.timeOrigin + performance.now();
    const drained = await absent.ask('drained', { expected: waiting });
    const drainSeconds = (Number(drained['lastAt']) - startedAt) / 1000;
    return {
      ...figures(costs),
      drained: waiting,
      drainPerSecond: Math.round(waiting / drainSeconds),
      lost: Number(drained['lost']),
      duplicated: Number(drained['duplicated']),
      outOfOrder: Number(drained['outOfOrder']),
    };
  } finally {
    await Promise.all([sender.end(), present.end(), absent.end()]);
    rmSync(dir, { recursive: true, force: true });
  }
}

const acceptedPerLevel = 4000;

/** One way, end to end, handled: microseconds of wall clock for each of ten thousand. */
async function measured(sender: End, present: End): Promise<number> {
  await present.ask('reset');
  const flood = await sender.ask('flood', { messages: messagesPerRound });
  const got = await present.ask('drained', { expected: messagesPerRound });
  if (Number(got['lost']) + Number(got['duplicated']) > 0) throw new Error('messages were lost or doubled');
  return ((Number(got['lastAt']) - Number(flood['startedAt'])) * 1000) / messagesPerRound;
}

async function costNow(at: { sender: End; present: End; waiting: number }): Promise<Cost> {
  const { sender, present, waiting } = at;
  const sent: number[] = [];
  for (let round = 0; round < rounds; round += 1) sent.push(await measured(sender, present));
  const accepted = await sender.ask('flood', { messages: acceptedPerLevel, to: 'dora', first: waiting });
  const acceptMs = Number(accepted['acceptedAt']) - Number(accepted['startedAt']);
  return {
    waiting,
    microsecondsPerMessage: median(sent),
    acceptMicroseconds: (acceptMs * 1000) / acceptedPerLevel,
    rssMb: Number((await sender.ask('rss'))['rssMb']),
  };
}

function figures(costs: readonly Cost[]): Record<string, number> {
  const [first, last] = [costs[0], costs.at(-1)];
  if (first === undefined || last === undefined) return {};
  const each = costs.flatMap(({ waiting, microsecondsPerMessage, acceptMicroseconds, rssMb }) => [
    [`microsecondsPerMessage${waiting}`, Number(microsecondsPerMessage.toFixed(1))] as const,
    [`acceptMicroseconds${waiting}`, Number(acceptMicroseconds.toFixed(1))] as const,
    [`rssMb${waiting}`, rssMb] as const,
  ]);
  const growth = last.microsecondsPerMessage / first.microsecondsPerMessage - 1;
  return { growthPercent: Number((growth * 100).toFixed(1)), ...Object.fromEntries(each) };
}
