import { afterEach, describe, expect, it } from 'vitest';
import { codeOf, defaultLimits, MeshError, silentLogger, systemRandom } from '#kernel';
import type { Ask, Link } from '#link';
import { FakeLink, hub, settled } from '../../../test/support/courier-bench.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { HubLine } from './hub-line.ts';

/** A hub that has key packages enough and no mail. */
function hubLink(): { readonly link: Link; end(): void } {
  const fake = new FakeLink();
  const ask = (question: Ask): Promise<object> =>
    question.op === 'fetch' ? new Promise(() => undefined) : Promise.resolve({ op: 'done', n: 1, have: 32 });
  const close = (reason?: MeshError | string): void => fake.close(reason === undefined ? undefined : 'LINK_CLOSED');
  return {
    link: { ...fake, ask, close, ack: () => undefined } as unknown as Link,
    end: () => fake.close('LINK_CLOSED'),
  };
}

const lines: HubLine[] = [];

afterEach(async () => {
  for (const line of lines.splice(0)) await line.stop();
});

function lineTo(dial: () => Promise<Link>, fraction = 0.5): { readonly line: HubLine; readonly clock: ManualClock } {
  const clock = new ManualClock();
  const line = new HubLine({
    address: { base: 'http://hub.test', hub },
    ports: {
      clock,
      random: { ...systemRandom, fraction: () => fraction },
      limits: defaultLimits,
      logger: silentLogger,
      dial,
      card: () => new Uint8Array(1),
      keyPackages: async () => [],
      take: async () => undefined,
      onChange: () => undefined,
    },
  });
  lines.push(line);
  line.start();
  return { line, clock };
}

describe('the line to a hub', () => {
  it('hands a link that has ended to nobody, not even to whoever hears of its end first', async () => {
    const { link, end } = hubLink();
    const { line } = lineTo(async () => link);
    expect(await line.attempt()).toBe(link);
    const next = link.closed.then(() => line.attempt().then(() => 'a link', codeOf));
    end();
    expect(await next).toBe('LINK_CLOSED');
    expect(line.status).toMatchObject({ state: 'down', lastError: { code: 'LINK_CLOSED' } });
  });

  it('comes back by itself, later each time', async () => {
    let calls = 0;
    const { line, clock } = lineTo(async () => {
      calls += 1;
      if (calls < 3) throw new MeshError('UNREACHABLE');
      return hubLink().link;
    });
    expect(await line.attempt().then(() => 'a link', codeOf)).toBe('UNREACHABLE');
    await clock.advance(defaultLimits.hubRetryMs);
    await settled();
    expect(calls).toBe(2);
    await clock.advance(2 * defaultLimits.hubRetryMs - 1);
    expect(calls).toBe(2);
    await clock.advance(1);
    await settled();
    expect([calls, line.status.state]).toEqual([3, 'up']);
  });

  it('comes back to a hub that was lost within a time that all who lost it share, each at a moment of its own', async () => {
    const returns: number[] = [];
    for (const fraction of [0.1, 0.5, 0.9]) {
      const { link, end } = hubLink();
      let calls = 0;
      const { line, clock } = lineTo(async () => {
        calls += 1;
        return calls === 1 ? link : hubLink().link;
      }, fraction);
      await line.attempt();
      end();
      await settled();
      while (calls === 1) await clock.advance(100);
      returns.push(clock.monotonic());
    }
    expect(returns).toEqual([0.1, 0.5, 0.9].map((fraction) => fraction * defaultLimits.hubReturnMs));
  });

  it('comes later than a hub that is full asks for, and not when all others do', async () => {
    const pauses: number[] = [];
    for (const fraction of [0.1, 0.9]) {
      let calls = 0;
      const { clock } = lineTo(async () => {
        calls += 1;
        throw new MeshError('RATE_LIMITED', undefined, { data: { retryAfterMs: 10_000 } });
      }, fraction);
      await settled();
      while (calls === 1) await clock.advance(100);
      pauses.push(clock.monotonic());
      while (calls < 10) await clock.advance(100);
      pauses.push(clock.monotonic());
    }
    // No longer each time, either: it is there.
    expect(pauses).toEqual([11_000, 9 * 11_000, 19_000, 9 * 19_000]);
  });

  it('leaves the agent to another node that speaks for it for a while', async () => {
    let calls = 0;
    const { clock } = lineTo(async () => {
      calls += 1;
      throw new MeshError('LINK_REPLACED');
    });
    await settled();
    await clock.advance(50_000);
    expect(calls).toBe(1);
    await clock.advance(10_000);
    await settled();
    expect(calls).toBe(2);
  });
});
