import { describe, expect, test } from 'vitest';
import type { MeshEvent } from '#api';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { EventLog, type LoggedEvent } from './event-log.ts';

const small = { apiEventsKept: 5, apiEventBytesKept: 10_000, apiEventsKeptMs: 60_000 };

const event = (n: number, agent = 'alice'): MeshEvent => ({ type: 'agent.added', agent, at: n, agentId: 'x' });

function logOf(limits = small, clock = new ManualClock()) {
  const log = new EventLog({ clock, limits });
  return { log, clock, first: log.lastId + 1 };
}

/** Numbers of the events in a batch; of `missed` its count. */
const shown = (batch: readonly LoggedEvent[]): unknown[] =>
  batch.map(({ id, data }) => {
    const parsed = JSON.parse(data) as { type: string; at?: number; count?: number };
    return parsed.type === 'missed' ? { missed: parsed.count, id } : parsed.at;
  });

function readerOf(log: EventLog, after?: number) {
  const stop = new AbortController();
  const batches = log.read({ after, signal: stop.signal })[Symbol.asyncIterator]();
  return {
    stop: () => stop.abort(),
    async next() {
      const { done, value } = await batches.next();
      return done === true ? 'the end' : shown(value);
    },
    ended: async () => (await batches.next()).done === true,
  };
}

const record = (log: EventLog, ...numbers: number[]): void => {
  for (const n of numbers) log.record(() => event(n));
};

describe('the event log', () => {
  test('gives a reader what happens after it came, in order, as much at once as there is', async () => {
    const { log } = logOf();
    const reader = readerOf(log);
    record(log, 1, 2);
    expect(await reader.next()).toEqual([1, 2]);
    const waiting = reader.next();
    record(log, 3);
    expect(await waiting).toEqual([3]);
  });

  test('gives several readers each all of it', async () => {
    const { log } = logOf();
    const [one, two] = [readerOf(log), readerOf(log)];
    const waiting = [one.next(), two.next()];
    record(log, 1);
    expect(await Promise.all(waiting)).toEqual([[1], [1]]);
  });

  test('lets a reader go on after the event that it has', async () => {
    const { log, first } = logOf();
    readerOf(log);
    record(log, 1, 2, 3);
    expect(await readerOf(log, first).next()).toEqual([2, 3]);
    expect(await readerOf(log, first - 1).next()).toEqual([1, 2, 3]);
  });

  test('tells a reader how much it missed, and goes on with what is kept', async () => {
    const { log, first } = logOf();
    readerOf(log);
    record(log, 1, 2, 3, 4, 5, 6, 7, 8);
    const late = readerOf(log, first);
    expect(await late.next()).toEqual([{ missed: 2, id: first + 2 }]);
    expect(await late.next()).toEqual([4, 5, 6, 7, 8]);
    // Who comes back with the id of the missed event goes on at the same place.
    expect(await readerOf(log, first + 2).next()).toEqual([4, 5, 6, 7, 8]);
  });

  test('tells the same to a reader that reads too slowly', async () => {
    const { log, first } = logOf();
    const slow = readerOf(log);
    record(log, 1);
    expect(await slow.next()).toEqual([1]);
    record(log, 2, 3, 4, 5, 6, 7);
    expect(await slow.next()).toEqual([{ missed: 1, id: first + 1 }]);
    expect(await slow.next()).toEqual([3, 4, 5, 6, 7]);
  });

  test('cannot say how much was missed since an earlier run of the node, or of another', async () => {
    const { log, clock, first } = logOf();
    readerOf(log);
    record(log, 1);
    expect(await readerOf(log, first - 5000).next()).toEqual([{ missed: undefined, id: first - 1 }]);
    expect(await readerOf(log, first + 5000).next()).toEqual([{ missed: undefined, id: first - 1 }]);
    await clock.advance(1);
    expect(logOf(small, clock).first).toBeGreaterThan(log.lastId);
  });

  test('is bounded by bytes as well, and keeps at least the newest', async () => {
    const bytes = JSON.stringify(event(1)).length;
    const { log, first } = logOf({ ...small, apiEventBytesKept: bytes * 2 });
    readerOf(log);
    record(log, 1, 2, 3);
    expect(await readerOf(log, first + 1).next()).toEqual([3]);
    expect(await readerOf(log, first - 1).next()).toEqual([{ missed: 1, id: first }]);
    log.record(() => event(4, 'a'.repeat(bytes * 3)));
    expect(await readerOf(log, first + 2).next()).toEqual([4]);
  });

  test('makes no events while nobody reads, and says so to who comes back', async () => {
    const { log, clock, first } = logOf();
    let made = 0;
    const happen = (): void =>
      log.record(() => {
        made += 1;
        return event(made);
      });
    happen();
    expect([made, log.observed]).toEqual([0, false]);
    const reader = readerOf(log);
    happen();
    expect(await reader.next()).toEqual([1]);
    reader.stop();
    await clock.advance(small.apiEventsKeptMs);
    happen();
    expect([made, log.observed]).toEqual([2, true]);
    await clock.advance(1);
    happen();
    expect([made, log.observed]).toEqual([2, false]);
    expect(await readerOf(log, first + 1).next()).toEqual([{ missed: 2, id: first + 3 }]);
  });

  test('ends its readers after what is kept when it closes', async () => {
    const { log } = logOf();
    const [reader, idle] = [readerOf(log), readerOf(log)];
    const waiting = idle.ended();
    record(log, 1);
    log.close();
    record(log, 2);
    expect(await reader.next()).toEqual([1]);
    expect(await reader.ended()).toBe(true);
    expect(await waiting).toBe(false);
  });

  test('ends a waiting reader whose signal aborts', async () => {
    const { log } = logOf();
    const reader = readerOf(log);
    const waiting = reader.ended();
    reader.stop();
    expect(await waiting).toBe(true);
  });
});
