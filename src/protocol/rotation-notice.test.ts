import { describe, expect, it } from 'vitest';
import { encodeCbor, systemRandom } from '#kernel';
import { agentIdOf, cardBytes, encodeRotation, generateKeyPair, signRotation, verifyRotationChain } from '#identity';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { party } from '../../test/support/trust-fixtures.ts';
import { decodeRotationNotice, encodeRotationNotice } from './index.ts';

const [first, second, third] = Array.from({ length: 3 }, () => generateKeyPair(systemRandom));
if (first === undefined || second === undefined || third === undefined) throw new Error('no keys');
const rotations = [signRotation({ from: first, to: second, at: 1 }), signRotation({ from: second, to: third, at: 2 })];
const { card } = party(1);
const notice = { v: 1, card: cardBytes(card), rotations: rotations.map(encodeRotation) };

describe('a rotation notice', () => {
  it('is read as it was written', () => {
    const read = decodeRotationNotice(encodeRotationNotice({ card, rotations }));
    expect(read.card).toEqual(cardBytes(card));
    expect(verifyRotationChain(agentIdOf(third.publicKey), read.rotations)).toEqual(rotations);
  });

  it('leaves out what is oldest in a chain that is too long', () => {
    const limits = { maxRotations: 1, maxRotationBytes: 512, maxCardBytes: 16_384 };
    expect(decodeRotationNotice(encodeRotationNotice({ card, rotations }, limits)).rotations).toEqual(
      rotations.slice(1),
    );
  });

  it.each([
    ['of another version', { ...notice, v: 2 }, 'UNSUPPORTED_VERSION'],
    ['without statements', { ...notice, rotations: [] }, 'MALFORMED'],
    [
      'with 65 statements',
      { ...notice, rotations: Array.from({ length: 65 }, () => notice.rotations[0]) },
      'MALFORMED',
    ],
    ['with a statement of 513 bytes', { ...notice, rotations: [new Uint8Array(513)] }, 'MALFORMED'],
    ['with a statement that is none', { ...notice, rotations: [new Uint8Array(9)] }, 'MALFORMED'],
    ['without a card', { v: 1, rotations: notice.rotations }, 'MALFORMED'],
    ['with a key that is not known', { ...notice, hub: 'x' }, 'MALFORMED'],
  ])('is refused when it is one %s', (_what, value, code) => {
    expect(codeThrownBy(() => decodeRotationNotice(encodeCbor(value)))).toBe(code);
  });
});
