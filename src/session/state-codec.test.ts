import { describe, expect, it } from 'vitest';
import { codeOf, defaultLimits, toHex } from '#kernel';
import {
  alice,
  at,
  bob,
  commitOnce,
  contextOf,
  newPair,
  openText,
  pairAfter,
  sealAll,
} from '../../test/support/session-fixtures.ts';
import { openEngine } from './engine.ts';
import type { SecureSession } from './secure-session.ts';

const engine = openEngine(contextOf('codec'));
const load = (stored: Uint8Array): SecureSession => engine.load({ self: alice, peer: bob.agentId, stored });

describe('a stored session', () => {
  it('has the same bytes after loading, at each age of a session', async () => {
    const { a, b } = await newPair();
    let [one, two] = [a, b];
    for (let i = 0; i < 5; i += 1) {
      expect(toHex(load(one.encode()).encode())).toBe(toHex(one.encode()));
      [one, two] = await commitOnce(one, two);
    }
    const used = await sealAll(one, ['x', 'y']);
    expect(toHex(load(used.next.encode()).encode())).toBe(toHex(used.next.encode()));
  });

  it('opens frames of the present and of retained epochs, and follows commits', async () => {
    const { a, b } = await pairAfter(4);
    const old = await sealAll(b, ['old']);
    const [one, two] = await commitOnce(load(a.encode()), old.next);
    const fresh = await sealAll(two, ['new']);
    const first = await openText(load(one.encode()), at(old.frames, 0));
    const second = await openText(load(first.next.encode()), at(fresh.frames, 0));
    expect([first.text, second.text]).toEqual(['old', 'new']);
    const [three] = await commitOnce(load(second.next.encode()), fresh.next);
    expect(three.epoch).toBe(7);
  });

  it('keeps what was opened closed: a replay is one after loading too', async () => {
    const { a, b } = await pairAfter(2);
    const sent = await sealAll(b, ['once']);
    const opened = await openText(a, at(sent.frames, 0));
    await expect(load(opened.next.encode()).open(at(sent.frames, 0), 0)).rejects.toMatchObject({
      code: 'SESSION_REPLAY',
    });
  });

  it('may lie in a larger buffer, as a row of a database does, and be overwritten after loading', async () => {
    const { a, b } = await pairAfter(1);
    const bytes = a.encode();
    const buffer = Buffer.alloc(bytes.length + 20, 0xff);
    buffer.set(bytes, 7);
    const loaded = load(buffer.subarray(7, 7 + bytes.length));
    buffer.fill(0);
    const { frames } = await sealAll(loaded, ['x']);
    expect((await openText(b, at(frames, 0))).text).toBe('x');
  });

  it('stays small: one tree for all epochs, 600 bytes for a retained one', async () => {
    const sizes: number[] = [];
    for (const steps of [1, 2, 3, 4, 5]) sizes.push((await pairAfter(steps)).a.encode().length);
    const [one = 0, two = 0, , four, five] = sizes;
    expect(one).toBeLessThan(7000);
    expect(two - one).toBeLessThan(700);
    expect(four).toBe(five);
    expect(defaultLimits.retainedEpochs).toBe(3);
  });

  it('is SESSION_BROKEN when cut anywhere, of another format or suite, or with bytes too many', async () => {
    const stored = (await pairAfter(2)).a.encode();
    const lengths = Array.from({ length: 60 }, (_, i) => Math.floor((i * stored.length) / 60));
    const changed = [
      [0, 1],
      [0, 0],
      [1, 1],
      [2, 83],
      [3, 2],
      [40, 0xff],
      [43, stored[43] === 0 ? 1 : 0],
    ] as const;
    const cases = [
      ...lengths.map((length) => stored.subarray(0, length)),
      Uint8Array.from([...stored, 0]),
      new Uint8Array(stored.length),
      ...changed.map(([offset, value]) => stored.map((byte, i) => (i === offset ? value : byte))),
    ];
    for (const [i, bytes] of cases.entries())
      expect(
        codeThrownBy(() => load(bytes)),
        `case ${i}`,
      ).toBe('SESSION_BROKEN');
    expect(codeThrownBy(() => load(stored))).toBe('nothing');
  });

  it('never throws anything else, whatever byte is damaged', async () => {
    const stored = (await pairAfter(2)).a.encode();
    let refused = 0;
    for (let i = 0; i < stored.length; i += 11) {
      const code = codeThrownBy(() => load(stored.map((byte, index) => (index === i ? byte ^ 0x55 : byte))));
      expect(['SESSION_BROKEN', 'CERTIFICATE_INVALID', 'nothing'], `byte ${i}: ${code}`).toContain(code);
      if (code !== 'nothing') refused += 1;
    }
    expect(refused).toBeGreaterThan(10);
  });
});

function codeThrownBy(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing';
}
