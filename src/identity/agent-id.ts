import { base58 } from '@scure/base';
import { concatBytes, MeshError } from '#kernel';

/** `did:key` of an Ed25519 root key: multicodec 0xed01, base58btc (W3C did:key; spec §1.1). */
export type AgentId = `did:key:z6Mk${string}`;

const prefix = 'did:key:z';
const ed25519Multicodec = Uint8Array.of(0xed, 0x01);
const publicKeyBytes = 32;

export function agentIdOf(publicKey: Uint8Array): AgentId {
  if (publicKey.length !== publicKeyBytes) throw new MeshError('MALFORMED', 'An Ed25519 public key has 32 bytes');
  return parseAgentId(prefix + base58.encode(concatBytes(ed25519Multicodec, publicKey)));
}

/** The 32 raw bytes of the root public key that the id is made of. */
export function publicKeyOf(agentId: AgentId): Uint8Array {
  return decodeKey(agentId);
}

/** Throws MALFORMED on anything but the one spelling of an Ed25519 did:key. */
export function parseAgentId(value: unknown): AgentId {
  if (!isAgentId(value)) throw new MeshError('MALFORMED', 'Not an agent id of the form did:key:z6Mk…');
  return value;
}

export function isAgentId(value: unknown): value is AgentId {
  if (typeof value !== 'string' || value.length > 64 || !value.startsWith(`${prefix}6Mk`)) return false;
  try {
    decodeKey(value);
    return true;
  } catch {
    return false;
  }
}

function decodeKey(id: string): Uint8Array {
  const bytes = base58.decode(id.slice(prefix.length));
  if (bytes.length !== publicKeyBytes + 2 || bytes[0] !== 0xed || bytes[1] !== 0x01) {
    throw new MeshError('MALFORMED', 'The agent id is not that of an Ed25519 key');
  }
  return bytes.slice(2);
}
