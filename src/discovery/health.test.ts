import { describe, expect, it } from 'vitest';
import { failed, heard, type PeerHealth, rankRoutes, unknownHealth } from './health.ts';

const limits = { breakerMaxCooldownMs: 1000 };
const rank = (health: PeerHealth, now = 100, routes = ['a', 'b', 'c']) => rankRoutes(routes, health, { now, limits });

describe('the health of a route', () => {
  it('follows the latency, newer round trips more', () => {
    let health = heard(unknownHealth, 'a', { at: 1, latencyMs: 100 });
    expect(health['a']).toEqual({ lastHeardAt: 1, latencyMs: 100 });
    health = heard(health, 'a', { at: 2, latencyMs: 50 });
    expect(health['a']?.latencyMs).toBe(90);
    health = heard(health, 'a', { at: 3 });
    expect(health['a']).toEqual({ lastHeardAt: 3, latencyMs: 90 });
  });

  it('is a value: the one before stays as it was', () => {
    const before = heard(unknownHealth, 'a', { at: 1 });
    failed(before, 'a', { at: 2, code: 'UNREACHABLE' });
    expect(before).toEqual({ a: { lastHeardAt: 1 } });
    expect(unknownHealth).toEqual({});
  });
});

describe('routes', () => {
  it('keep the order of the card, each once, while nothing is known', () => {
    expect(rank(unknownHealth, 0, ['b', 'a', 'b', 'c'])).toEqual(['b', 'a', 'c']);
  });

  it('come first when they work and last when they fail', () => {
    const health = failed(heard(unknownHealth, 'c', { at: 5 }), 'a', { at: 6, code: 'UNREACHABLE' });
    expect(rank(health)).toEqual(['c', 'b', 'a']);
  });

  it('work again once something came over them after the failure', () => {
    const down = failed(unknownHealth, 'a', { at: 6, code: 'TIMEOUT' });
    expect(rank(down)).toEqual(['b', 'c', 'a']);
    expect(rank(heard(down, 'a', { at: 7 }))).toEqual(['a', 'b', 'c']);
    expect(rank(failed(heard(down, 'a', { at: 7 }), 'a', { at: 8, code: 'TIMEOUT' }))).toEqual(['b', 'c', 'a']);
  });

  it('are tried in their old place when the failure is long ago', () => {
    const health = failed(unknownHealth, 'a', { at: 6, code: 'TIMEOUT' });
    expect(rank(health, 1006)).toEqual(['b', 'c', 'a']);
    expect(rank(health, 1007)).toEqual(['a', 'b', 'c']);
  });
});
