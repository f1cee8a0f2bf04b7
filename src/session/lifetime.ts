import type { Lifetime } from 'ts-mls';
import { type Limits, MeshError } from '#kernel';

const second = 1000;
const wrap = 2n ** 64n;

/** Seconds that a key package may be valid in all, with what it begins earlier. */
export const maxLifetimeSeconds = (limits: Limits): bigint =>
  BigInt(Math.ceil((limits.keyPackageLifetimeMs + limits.maxSkewPastMs) / second));

/**
 * The lifetime of a key package made at `now`: begins earlier by the skew of clocks, and never outlives the device
 * certificate.
 */
export function lifetimeFor(input: {
  readonly now: number;
  readonly certifiedUntil: number;
  readonly limits: Limits;
}): Lifetime {
  const { now, certifiedUntil, limits } = input;
  return {
    notBefore: BigInt(Math.max(0, Math.ceil((now - limits.maxSkewPastMs) / second))),
    notAfter: BigInt(Math.floor(Math.min(now + limits.keyPackageLifetimeMs, certifiedUntil) / second)),
  };
}

/**
 * When it ends, in ms since 1970. Throws KEY_PACKAGE_INVALID when it is too long or not begun, KEY_PACKAGE_STALE when
 * it is over.
 */
export function checkLifetime(
  lifetime: Lifetime,
  { now, limits }: { readonly now: number; readonly limits: Limits },
): number {
  const { notBefore, notAfter } = lifetime;
  const longest = maxLifetimeSeconds(limits);
  if (notAfter <= notBefore || notAfter - notBefore > longest) {
    const text = `The key package is valid for ${notAfter - notBefore} s, more than ${longest} s or less than one`;
    throw new MeshError('KEY_PACKAGE_INVALID', text);
  }
  const begins = Number(notBefore) * second;
  const ends = Number(notAfter) * second;
  if (now < begins)
    throw new MeshError('KEY_PACKAGE_INVALID', `The key package is not valid before ${begins}; it is ${now}`);
  if (now >= ends) throw new MeshError('KEY_PACKAGE_STALE', `The key package is not valid since ${ends}; it is ${now}`);
  return ends;
}

/**
 * The same lifetime for the library's own check, which reads the machine's clock and cannot be turned off for a member
 * that is added. Both ends are moved by 2^64, away from any clock. Encoded they are the same bytes, because a uint64 is
 * written modulo 2^64; so signatures and hashes do not change. Only after `checkLifetime`.
 */
export function anyClock(lifetime: Lifetime): Lifetime {
  return { notBefore: lifetime.notBefore - wrap, notAfter: lifetime.notAfter + wrap };
}
