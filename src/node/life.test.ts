import { describe, expect, it } from 'vitest';
import { codeOf } from '#kernel';
import { isLater, keyPairFromSeed, signIncarnation } from '#identity';
import { nextLife, readLife, readSuccessor, writeLife, writeSuccessor } from './life.ts';

const now = { at: 1000, id: new Uint8Array(16).fill(7), asOf: 900 };
const life = (number: number) => ({ number, id: new Uint8Array(16), asOf: 1 });

function values(): Map<string, string> {
  return new Map();
}

describe('the next life', () => {
  it('has the time as its number', () => {
    expect(nextLife([], now)).toEqual({ number: 1000, id: now.id, asOf: 900 });
    expect(nextLife([undefined, life(7)], now).number).toBe(1000);
  });

  it('is later than every one that is known, whatever the clock says', () => {
    const known = [life(5000), undefined, life(9000), life(6000)];
    const next = nextLife(known, now);
    expect(next.number).toBe(9001);
    for (const one of known) expect(isLater(next, one)).toBe(true);
  });

  it('is none when the last one was claimed', () => {
    const claimed = [life(Number.MAX_SAFE_INTEGER)];
    expect(codeOf(thrownBy(() => nextLife(claimed, now)))).toBe('SUPERSEDED');
  });
});

describe('lives in the store', () => {
  it('come back as they were', () => {
    const stored = values();
    expect([readLife(stored), readSuccessor(stored, 'alice')]).toEqual([undefined, undefined]);
    const successor = signIncarnation(keyPairFromSeed(new Uint8Array(32).fill(1)), life(9));
    writeLife(stored, { number: 1000, id: now.id, asOf: 900 });
    writeSuccessor(stored, 'alice', successor);
    expect(readLife(stored)).toEqual({ number: 1000, id: now.id, asOf: 900 });
    expect(readSuccessor(stored, 'alice')).toEqual(successor);
    expect(readSuccessor(stored, 'bob')).toBeUndefined();
  });

  it('that are damaged are told, and not taken for none', () => {
    const stored = values().set('life', '{').set('successor/alice', 'AAAA');
    expect(codeOf(thrownBy(() => readLife(stored)))).toBe('STORE_CORRUPT');
    expect(codeOf(thrownBy(() => readSuccessor(stored, 'alice')))).toBe('STORE_CORRUPT');
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
