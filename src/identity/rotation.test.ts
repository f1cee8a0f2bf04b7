import { describe, expect, it } from 'vitest';
import { agentIdOf } from './agent-id.ts';
import { keyPairFromSeed } from './key-pair.ts';
import {
  decodeRotation,
  encodeRotation,
  followRotations,
  signRotation,
  type VerifiedRotation,
  verifyRotation,
} from './rotation.ts';

const keys = [1, 2, 3, 4].map((byte) => keyPairFromSeed(new Uint8Array(32).fill(byte)));
const [first, second, third, fourth] = keys.map((key) => agentIdOf(key.publicKey)) as [
  ReturnType<typeof agentIdOf>,
  ReturnType<typeof agentIdOf>,
  ReturnType<typeof agentIdOf>,
  ReturnType<typeof agentIdOf>,
];
const step = (from: number, to: number): VerifiedRotation => {
  const [old, next] = [keys[from], keys[to]];
  if (old === undefined || next === undefined) throw new RangeError('no such key');
  return verifyRotation(signRotation({ from: old, to: next, at: 5 }));
};

describe('a rotation statement', () => {
  it('goes through its bytes unchanged and verifies', () => {
    const statement = step(0, 1);
    expect(verifyRotation(decodeRotation(encodeRotation(statement)))).toEqual(statement);
  });

  it('is a type that a spread of a verified one does not have', () => {
    const statement = step(0, 1);
    const needsVerified = (rotation: VerifiedRotation): string => rotation.to;
    // @ts-expect-error a changed copy was not verified
    expect(needsVerified({ ...statement, to: third })).toBe(third);
    expect(Object.isFrozen(statement)).toBe(true);
  });
});

describe('following rotations', () => {
  const chain = [step(0, 1), step(1, 2)];

  it('leads from any key of the chain to the last', () => {
    expect(followRotations(first, chain)).toBe(third);
    expect(followRotations(second, chain)).toBe(third);
    expect(followRotations(third, chain)).toBe(third);
  });

  it('stays where it is when no statement starts there', () => {
    expect(followRotations(fourth, chain)).toBe(fourth);
    expect(followRotations(first, [])).toBe(first);
  });

  it('ends on a chain that runs in a circle', () => {
    expect(followRotations(first, [step(0, 1), step(1, 0), step(0, 2)])).toBe(third);
  });

  it('takes the first of two statements of one key', () => {
    expect(followRotations(first, [step(0, 1), step(0, 3)])).toBe(second);
  });
});
