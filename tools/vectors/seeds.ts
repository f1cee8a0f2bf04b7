import { type KeyPair, keyPairFromSeed, type SigningContext, sign } from '#identity';
import { toHex, toUtf8 } from '#kernel';

/** A file of test/vectors: see the README there. */
export interface VectorFile {
  readonly spec: string;
  readonly description: string;
  readonly valid: readonly NamedCase[];
  readonly invalid: readonly (NamedCase & { readonly error: string })[];
}

export interface NamedCase {
  readonly name: string;
  readonly [field: string]: unknown;
}

const keyOfByte = (byte: number): KeyPair => keyPairFromSeed(new Uint8Array(32).fill(byte));

/** Keys of the vectors: 32 times the same byte as seed. */
export const alice = keyOfByte(0xa1);
export const aliceDevice = keyOfByte(0xad);
export const aliceNext = keyOfByte(0xa2);
export const bob = keyOfByte(0xb0);

/** 2026-01-01T00:00:00Z. */
export const now = 1_767_225_600_000;
export const day = 86_400_000;

/** The neutral point as key: under it the signature below verifies for every text, unless such keys are refused (spec 1.1). */
export const smallOrderKey = Uint8Array.of(1, ...new Uint8Array(31));
export const smallOrderSignature = Uint8Array.of(1, ...new Uint8Array(63));

export const seedHex = (key: KeyPair): string => toHex(key.seed);

/** What is really signed, for those who want to see it (spec 1.8). */
export function signedHex(context: string, data: Uint8Array): string {
  return toHex(toUtf8(`agent-mesh/${context}/1\0`)) + toHex(data);
}

export const signAs = (key: KeyPair, context: SigningContext, data: Uint8Array): Uint8Array =>
  sign({ context, key, data });
