import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeOf, defaultLimits, fromHex, toHex } from '#kernel';
import { type AgentId, decodeDeviceCertificate, keyPairFromSeed } from '#identity';
import { contextOf } from '../../test/support/session-fixtures.ts';
import { openEngine } from './engine.ts';
import type { SecureSession, SessionSelf } from './secure-session.ts';

interface SelfHex {
  readonly agentId: AgentId;
  readonly deviceSeed: string;
  readonly certificate: string;
}

interface SessionCase {
  readonly name: string;
  readonly like?: string;
  readonly error?: string;
  readonly operation: 'open' | 'load' | 'join';
  readonly self: SelfHex;
  readonly peer: AgentId;
  readonly now: number;
  readonly groupId: string;
  readonly stored: string;
  readonly epoch: number;
  readonly epochAfter: number;
  readonly frames: readonly { readonly frame: string; readonly opens: string }[];
  readonly opened: readonly string[];
  readonly frame: string;
  readonly keyPackage: string;
  readonly secretHalf: string;
  readonly welcome: string;
  readonly refs: readonly string[];
}

interface KeyPackageCase {
  readonly name: string;
  readonly error?: string;
  readonly peer: AgentId;
  readonly now: number;
  readonly keyPackage: string;
  readonly ref: string;
  readonly expiresAt: number;
}

interface File<Case> {
  readonly valid: readonly Case[];
  readonly invalid: readonly Case[];
}

function read<Case>(name: string): File<Case> {
  const url = new URL(`../../test/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as File<Case>;
}

const engine = openEngine(contextOf('vectors'));

const selfOf = ({ agentId, deviceSeed, certificate }: SelfHex): SessionSelf => ({
  agentId,
  device: keyPairFromSeed(fromHex(deviceSeed)),
  certificate: decodeDeviceCertificate(fromHex(certificate)),
});

const load = ({ self, peer, stored }: SessionCase): SecureSession =>
  engine.load({ self: selfOf(self), peer, stored: fromHex(stored) });

const join = ({ self, peer, now, welcome, keyPackage, secretHalf }: SessionCase): Promise<SecureSession> =>
  engine.join({
    self: selfOf(self),
    peer,
    now,
    welcome: fromHex(welcome),
    keyPackage: { publicBytes: fromHex(keyPackage), privateBytes: fromHex(secretHalf) },
  });

async function expectOpens(entry: SessionCase): Promise<void> {
  let session = load(entry);
  expect([session.groupId, session.epoch, session.peer]).toEqual([entry.groupId, entry.epoch, entry.peer]);
  expect(toHex(session.encode())).toBe(entry.stored);
  for (const { frame, opens } of entry.frames) {
    expect(engine.groupIdOf(fromHex(frame))).toBe(entry.groupId);
    const step = await session.open(fromHex(frame), entry.now);
    expect(step.kind === 'app' ? toHex(step.plaintext) : 'commit').toBe(opens);
    step.wipe();
    session = step.next;
  }
  expect(session.epoch).toBe(entry.epochAfter);
}

async function expectJoins(entry: SessionCase): Promise<void> {
  expect(engine.welcomeRefs(fromHex(entry.welcome))).toEqual(entry.refs);
  const session = await join(entry);
  expect([session.groupId, session.epoch, session.rekeyDue(entry.now)]).toEqual([entry.groupId, 1, true]);
}

/** The code of what the last step of a case throws; the steps before it must succeed. */
async function codeOfCase(entry: SessionCase): Promise<string> {
  if (entry.operation === 'join') return codeOfRejection(() => join(entry));
  if (entry.operation === 'load') return codeOfRejection(async () => load(entry));
  let session = load(entry);
  for (const frame of entry.opened) session = (await session.open(fromHex(frame), entry.now)).next;
  return codeOfRejection(() => session.open(fromHex(entry.frame), entry.now));
}

async function codeOfRejection(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing was thrown';
}

describe('the vectors of session', () => {
  const { valid, invalid } = read<SessionCase>('session');

  it('has cases of every kind', () => {
    expect(new Set(valid.map(({ operation }) => operation))).toEqual(new Set(['join', 'open']));
    expect(invalid.length).toBeGreaterThan(10);
  });

  for (const entry of valid) {
    it(`accepts: ${entry.name}`, () => (entry.operation === 'join' ? expectJoins(entry) : expectOpens(entry)));
  }
  for (const entry of invalid) {
    it(`refuses with ${entry.error}: ${entry.name}`, async () => {
      const base = valid.find(({ name }) => name === entry.like);
      expect(base).toBeDefined();
      expect(await codeOfCase({ ...base, ...entry })).toBe(entry.error);
    });
  }
});

describe('the vectors of key-package', () => {
  const { valid, invalid } = read<KeyPackageCase>('key-package');
  const check = ({ keyPackage, peer, now }: KeyPackageCase) =>
    engine.checkKeyPackage({ bytes: fromHex(keyPackage), peer, now });

  it('has valid and invalid cases', () => {
    expect([valid.length > 0, invalid.length > 10]).toEqual([true, true]);
    expect(defaultLimits.keyPackageLifetimeMs).toBe(30 * 86_400_000);
  });

  for (const entry of valid) {
    it(`accepts: ${entry.name}`, async () => {
      expect(await check(entry)).toEqual({ ref: entry.ref, expiresAt: entry.expiresAt });
    });
  }
  for (const entry of invalid) {
    it(`refuses with ${entry.error}: ${entry.name}`, async () => {
      expect(await codeOfRejection(() => check(entry))).toBe(entry.error);
    });
  }
});
