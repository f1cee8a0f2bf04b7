import fc from 'fast-check';
import { stringify } from 'uuid';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { createIds, isId } from './ids.ts';
import { systemRandom } from './random.ts';

const start = 1_767_225_600_000;

describe('ids', () => {
  it('are prefix and UUIDv7, whatever the random bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1024, maxLength: 1024 }), (bytes) => {
        const ids = createIds(new ManualClock(start), { bytes: () => bytes, fraction: () => 0 });
        for (const prefix of ['msg', 'conv', 'frm', 'msg']) expect(isId(prefix, ids.next(prefix))).toBe(true);
      }),
    );
  });

  it('say the bytes that they consist of', () => {
    const random = { bytes: (length: number) => new Uint8Array(length).fill(0xc5), fraction: () => 0 };
    const id = createIds(new ManualClock(start), random).next('msg');
    const bytes = Uint8Array.of(
      0x01,
      0x9b,
      0x76,
      0xda,
      0xa8,
      0x00,
      0x70,
      0,
      0x80,
      0,
      0x01,
      0xc5,
      0xc5,
      0xc5,
      0xc5,
      0xc5,
    );
    expect(id).toBe(`msg_${stringify(bytes)}`);
  });

  it('differ and sort in the order they were made, also within a millisecond and when the clock goes back', () => {
    const clock = new ManualClock(start);
    const ids = createIds(clock, systemRandom);
    const made = Array.from({ length: 300 }, (_, n) => {
      if (n === 100) clock.jump(5);
      if (n === 200) clock.jump(-10);
      return ids.next('msg');
    });
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(300);
  });
});
