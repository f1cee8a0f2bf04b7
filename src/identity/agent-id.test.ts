import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '#kernel';
import { agentIdOf, isAgentId, parseAgentId, publicKeyOf } from './agent-id.ts';

describe('an agent id', () => {
  it('is the did:key of the W3C specification for an Ed25519 key', () => {
    // did:key specification, Ed25519 example; base58btc of 0xed01 and the raw key.
    const id = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
    expect(agentIdOf(publicKeyOf(parseAgentId(id)))).toBe(id);
    expect(publicKeyOf(parseAgentId(id))).toEqual(
      fromHex('2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6'),
    );
  });

  it('gives back every key it was made of', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (publicKey) => {
        expect(publicKeyOf(agentIdOf(publicKey))).toEqual(publicKey);
      }),
      { numRuns: 50 },
    );
  });

  it('is never found in a value that is not a text', () => {
    for (const value of [undefined, null, 7, {}, ['did:key:z6Mk']]) expect(isAgentId(value)).toBe(false);
  });

  it('is not made of a key of another length', () => {
    expect(() => agentIdOf(new Uint8Array(33))).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
  });

  it('has one spelling: any other text that decodes is refused', () => {
    const id = agentIdOf(new Uint8Array(32).fill(9));
    fc.assert(
      fc.property(fc.nat({ max: id.length - 1 }), fc.string({ minLength: 1, maxLength: 1 }), (index, letter) => {
        const changed = id.slice(0, index) + letter + id.slice(index + 1);
        // A changed letter is another key or no id at all, never another spelling of this one.
        if (changed !== id && isAgentId(changed)) expect(publicKeyOf(changed)).not.toEqual(publicKeyOf(id));
        expect(isAgentId(id)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
