import { describe, expect, test } from 'vitest';
import { alice, bob } from '../../test/support/link-agents.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { Arrivals } from './arrivals.ts';

describe('whoever looks out for mail', () => {
  test('is woken by what comes for its agent, on every link of it, and by nothing else', async () => {
    const clock = new ManualClock();
    const arrivals = new Arrivals(clock);
    const [one, other] = [arrivals.lookOut(alice.agentId), arrivals.lookOut(alice.agentId)];
    const woken = Promise.all([one.wait(0, 1000), one.wait(0, 2000), other.wait(0, 1000)]);
    arrivals.tell(bob.agentId);
    expect([one.count, clock.sleeping]).toEqual([0, 3]);
    arrivals.tell(alice.agentId);
    expect(await woken).toEqual([true, true, true]);
    expect(clock.sleeping).toBe(0);
  });

  test('does not wait for what came since it looked', async () => {
    const arrivals = new Arrivals(new ManualClock());
    const lookout = arrivals.lookOut(alice.agentId);
    const { count } = lookout;
    arrivals.tell(alice.agentId);
    expect(await lookout.wait(count, 1000)).toBe(true);
  });

  test('waits no longer than it wants to', async () => {
    const clock = new ManualClock();
    const lookout = new Arrivals(clock).lookOut(alice.agentId);
    const waiting = lookout.wait(lookout.count, 1000);
    await clock.advance(1000);
    expect(await waiting).toBe(false);
    lookout.tell();
    expect(lookout.count).toBe(1);
  });

  test('leaves nothing behind when its link ends', async () => {
    const clock = new ManualClock();
    const arrivals = new Arrivals(clock);
    const [ended, other] = [arrivals.lookOut(alice.agentId), arrivals.lookOut(alice.agentId)];
    const waiting = ended.wait(ended.count, 1000);
    ended[Symbol.dispose]();
    expect([await waiting, clock.sleeping]).toEqual([true, 0]);
    arrivals.tell(alice.agentId);
    expect([ended.count, other.count]).toEqual([1, 1]);
  });
});
