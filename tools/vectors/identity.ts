import { base58 } from '@scure/base';
import { agentIdOf, type AgentId, fingerprintOf, safetyNumber } from '#identity';
import { concatBytes, toHex } from '#kernel';
import { alice, aliceDevice, bob, seedHex, type VectorFile } from './seeds.ts';

export const agentIdVectors: VectorFile = {
  spec: 'spec/01-identity.md 1.1, 1.3',
  description: 'Agent id and fingerprint of a root public key; texts that are not agent ids.',
  valid: [alice, bob, aliceDevice].map((key, index) => {
    const { short, full } = fingerprintOf(key.publicKey);
    return {
      name: `key ${index + 1}`,
      seed: seedHex(key),
      publicKey: toHex(key.publicKey),
      agentId: agentIdOf(key.publicKey),
      fingerprint: short,
      fingerprintFull: full,
    };
  }),
  invalid: [
    ['empty', ''],
    ['no multibase letter', agentIdOf(alice.publicKey).replace('did:key:z', 'did:key:')],
    ['other method', agentIdOf(alice.publicKey).replace('did:key', 'did:web')],
    ['upper-case scheme', agentIdOf(alice.publicKey).replace('did:key', 'DID:KEY')],
    ['one character cut off', agentIdOf(alice.publicKey).slice(0, -1)],
    ['one character too many', `${agentIdOf(alice.publicKey)}1`],
    ['letter outside base58', agentIdOf(alice.publicKey).replace(/.$/, '0')],
    ['with a fragment', `${agentIdOf(alice.publicKey)}#key`],
    ['with a path', `${agentIdOf(alice.publicKey)}/../x`],
    ['with NUL at the end', `${agentIdOf(alice.publicKey)}\0`],
    ['leading blank', ` ${agentIdOf(alice.publicKey)}`],
    ['key of another kind (X25519)', didOf(0xec, alice.publicKey)],
    ['31 bytes of key', didOf(0xed, alice.publicKey.subarray(1))],
  ].map(([name = '', agentId]) => ({ name, agentId, error: 'MALFORMED' })),
};

function didOf(codec: number, key: Uint8Array): string {
  return `did:key:z${base58.encode(concatBytes(Uint8Array.of(codec, 1), key))}`;
}

const ids = [alice, bob, aliceDevice].map((key) => agentIdOf(key.publicKey));

export const safetyNumberVectors: VectorFile = {
  spec: 'spec/01-identity.md 1.4',
  description: 'Safety number of two agents, the same in both directions.',
  valid: [pair(ids[0], ids[1]), pair(ids[1], ids[0]), pair(ids[1], ids[2]), pair(ids[0], ids[0])],
  invalid: [{ name: 'second is not an agent id', a: ids[0], b: 'did:key:z6Mk', error: 'MALFORMED' }],
};

function pair(a: AgentId | undefined, b: AgentId | undefined): VectorFile['valid'][number] {
  if (a === undefined || b === undefined) throw new TypeError('three ids are made above');
  return { name: `${a.slice(-6)} and ${b.slice(-6)}`, a, b, safetyNumber: safetyNumber(a, b) };
}
