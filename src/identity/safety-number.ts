import { hash } from 'node:crypto';
import { concatBytes, toUtf8 } from '#kernel';
import { type AgentId, publicKeyOf } from './agent-id.ts';

// Repeated hashing makes it dearer to search for a key whose digits look like those of another (spec 1.4).
const rounds = 5200;
const groupsPerAgent = 6;
const domain = toUtf8('agent-mesh/safety-number/1\0');

/** 12 groups of 5 digits with spaces between, the same for (a, b) and (b, a); about 5 ms of hashing (spec 1.4). */
export function safetyNumber(a: AgentId, b: AgentId): string {
  const [first, second] = a < b ? [a, b] : [b, a];
  return [...digitsOf(first), ...digitsOf(second)].join(' ');
}

function digitsOf(agentId: AgentId): readonly string[] {
  const publicKey = publicKeyOf(agentId);
  let digest = hash('sha512', concatBytes(domain, publicKey), 'buffer');
  for (let round = 1; round < rounds; round += 1) digest = hash('sha512', concatBytes(digest, publicKey), 'buffer');
  return Array.from({ length: groupsPerAgent }, (_, group) => {
    const value = digest.readUIntBE(group * 5, 5) % 100_000;
    return value.toString().padStart(5, '0');
  });
}
