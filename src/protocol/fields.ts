import { type AgentId, agentIdOf } from '#identity';

export type Fields = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** A whole number from 0 to 2^53 - 1: times in ms since 1970, counts. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
}

// Every id has 56 characters, and base58 digits are in the order of ASCII: so ids are exactly the texts of this form
// between these two.
const idForm = /^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/;
const lowestId: string = agentIdOf(new Uint8Array(32));
const highestId: string = agentIdOf(new Uint8Array(32).fill(0xff));

/** The same answer as `isAgentId`, without the arithmetic: this runs several times a message. */
export function isAgentIdText(value: unknown): value is AgentId {
  return typeof value === 'string' && idForm.test(value) && value >= lowestId && value <= highestId;
}

// Controls could drive a terminal, direction overrides could make one text look like another (spec §2.3).
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** Printable text in one line. */
export function isLine(value: unknown): value is string {
  return typeof value === 'string' && !unprintable.test(value);
}

/** How many Unicode code points. */
export function charactersOf(text: string): number {
  let count = 0;
  for (const _character of text) count += 1;
  return count;
}
