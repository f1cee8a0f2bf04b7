import { hash } from 'node:crypto';
import { concatBytes, toUtf8 } from '#kernel';
import { type AgentId, publicKeyOf } from './agent-id.ts';

// Repeated hashing makes it dearer to search for a key whose digits look like those of another (spec 1.4).
const rounds = 5200;
const digestBytes = 64;
const groupsPerAgent = 6;
const domain = toUtf8('agent-mesh/safety-number/1\0');

/** The digits that were looked at last, by agent: every list of contacts shows them, and a flood of strangers drops the oldest. */
const known = new Map<AgentId, readonly string[]>();
const mostKnown = 2000;

/** 12 groups of 5 digits with spaces between, the same for (a, b) and (b, a); about 4 ms of hashing the first time (spec 1.4). */
export function safetyNumber(a: AgentId, b: AgentId): string {
  const [first, second] = a < b ? [a, b] : [b, a];
  return [...digitsOf(first), ...digitsOf(second)].join(' ');
}

function digitsOf(agentId: AgentId): readonly string[] {
  const digits = known.get(agentId) ?? hashedDigits(agentId);
  known.delete(agentId);
  known.set(agentId, digits);
  for (const oldest of known.keys()) {
    if (known.size <= mostKnown) break;
    known.delete(oldest);
  }
  return digits;
}

function hashedDigits(agentId: AgentId): readonly string[] {
  const publicKey = publicKeyOf(agentId);
  const digest = Buffer.alloc(digestBytes);
  const input = Buffer.concat([digest, publicKey]);
  // As text, because a new buffer for each of the rounds takes several times as long as the hashing.
  let round = hash('sha512', concatBytes(domain, publicKey), 'binary');
  for (let count = 1; count < rounds; count += 1) {
    input.write(round, 'binary');
    round = hash('sha512', input, 'binary');
  }
  digest.write(round, 'binary');
  return Array.from({ length: groupsPerAgent }, (_, group) => {
    const value = digest.readUIntBE(group * 5, 5) % 100_000;
    return value.toString().padStart(5, '0');
  });
}
