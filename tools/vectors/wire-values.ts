import { agentIdOf, signCard } from '#identity';
import { encodeCbor, toHex } from '#kernel';
import type { Frame, Message } from '#protocol';
import { alice, bob, day, type NamedCase, now } from './seeds.ts';

// What the vectors of several structures have in common.

export const aliceId = agentIdOf(alice.publicKey);
export const bobId = agentIdOf(bob.publicKey);

/** The same uuid with another last digit for each number. */
const uuid = (number: number): string => `019b76da-a800-7000-8000-${number.toString(16).padStart(12, '0')}`;
export const messageId = (number: number): Message['id'] => `msg_${uuid(number)}`;
export const frameId = (number: number): Frame['id'] => `frm_${uuid(number)}`;
export const conversationId = (number: number): Message['conversationId'] => `conv_${uuid(number)}`;
export const inviteId = (number: number): `inv_${string}` => `inv_${uuid(number)}`;

/** Bytes 0, 1, 2 … that are easy to recognise. */
export const counting = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index & 0xff);

export const aliceCard = signCard(
  {
    name: 'alice',
    devices: [],
    endpoints: ['http://192.0.2.1:8787'],
    mailboxes: [],
    capabilities: [],
    suites: [],
    seq: 1,
    createdAt: now,
    expiresAt: now + 365 * day,
  },
  alice,
);

export const plainMessage: Message = {
  id: messageId(1),
  type: 'request',
  from: aliceId,
  to: bobId,
  timestamp: now,
  ttl: 86_400,
  priority: 'normal',
  conversationId: conversationId(1),
  payload: { body: 'What is 1 + 1?' },
};

/** A value with every byte string in hex, as the vectors show it. */
export function inHex(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(inHex);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, inHex(entry)]));
}

export const cborCase = (name: string, value: unknown): NamedCase => ({ name, encoded: toHex(encodeCbor(value)) });
export const hexCase = (name: string, encoded: string): NamedCase => ({ name, encoded });

export const refusedWith = (error: string, cases: readonly NamedCase[]): (NamedCase & { readonly error: string })[] =>
  cases.map((entry) => ({ ...entry, error }));

/** What is refused of every structure because of how it is encoded (spec 2.1). `encoded` is right. */
export function wrongEncodings(encoded: string): readonly NamedCase[] {
  const count = Number.parseInt(encoded.slice(0, 2), 16) & 0x1f;
  return [
    hexCase('empty', ''),
    hexCase('cut off', encoded.slice(0, -2)),
    hexCase('one byte too many', `${encoded}00`),
    hexCase('the length of the map in two bytes', `b8${count.toString(16).padStart(2, '0')}${encoded.slice(2)}`),
    hexCase('a map of indefinite length', `bf${encoded.slice(2)}ff`),
    hexCase('inside a tag', `d9d9f7${encoded}`),
    hexCase('a list instead of a map', '80'),
    hexCase('null', 'f6'),
  ];
}
