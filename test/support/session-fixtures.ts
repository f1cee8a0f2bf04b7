import { createHash } from 'node:crypto';
import type { ClientState } from 'ts-mls';
import { agentIdOf, issueDeviceCertificate, keyPairFromSeed } from '#identity';
import { codeOf, defaultLimits, type ErrorCode, fromUtf8, type Limits, type Random, toUtf8 } from '#kernel';
import { clientConfig } from '../../src/session/client-config.ts';
import type { SessionContext } from '../../src/session/context.ts';
import { createPair } from '../../src/session/create-pair.ts';
import { authenticationFor } from '../../src/session/credential.ts';
import { joinPair } from '../../src/session/join-pair.ts';
import { createOwnKeyPackage } from '../../src/session/key-package.ts';
import { createSuite } from '../../src/session/provider.ts';
import type { SealedStep, SecureSession, SessionSelf } from '../../src/session/secure-session.ts';
import { decodeState } from '../../src/session/state-codec.ts';

/** 2026-01-01T00:00:00Z: far from the clock of the machine, which nothing may depend on. */
export const now = 1_767_225_600_000;
export const day = 86_400_000;

/** The same bytes for the same seed, in the order they are asked for. */
export function seededRandom(seed: string): Random {
  let counter = 0;
  const block = (): Uint8Array =>
    createHash('sha512')
      .update(`${seed}/${(counter += 1)}`)
      .digest();
  return {
    bytes: (length) => {
      const result = new Uint8Array(length);
      for (let offset = 0; offset < length; offset += 64)
        result.set(block().subarray(0, Math.min(64, length - offset)), offset);
      return result;
    },
    fraction: () => new DataView(Uint8Array.from(block()).buffer).getUint32(0) / 2 ** 32,
  };
}

export interface SelfOptions {
  readonly root: number;
  readonly device: number;
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** An agent whose key seeds are 32 times one byte. */
export function selfOf({ root, device, notBefore = now - day, notAfter = now + 365 * day }: SelfOptions): SessionSelf {
  const rootKey = keyPairFromSeed(new Uint8Array(32).fill(root));
  const deviceKey = keyPairFromSeed(new Uint8Array(32).fill(device));
  const certificate = issueDeviceCertificate({
    root: rootKey,
    devicePublicKey: deviceKey.publicKey,
    notBefore,
    notAfter,
  });
  return { agentId: agentIdOf(rootKey.publicKey), device: deviceKey, certificate };
}

export const alice = selfOf({ root: 0xa1, device: 0xad });
export const bob = selfOf({ root: 0xb0, device: 0xbd });
export const mallory = selfOf({ root: 0xe0, device: 0xed });

export function contextOf(seed: string, limits: Limits = defaultLimits): SessionContext {
  const random = seededRandom(seed);
  return { suite: createSuite(random), random, limits };
}

export interface PairOptions {
  readonly limits?: Limits;
  /** The two ends may run on different providers. */
  readonly aliceContext?: SessionContext;
  readonly bobContext?: SessionContext;
}

export interface TestPair {
  readonly a: SecureSession;
  readonly b: SecureSession;
  readonly welcome: Uint8Array;
}

/** Alice makes a session from a key package of Bob, and Bob joins: epoch 1 at both ends. */
export async function newPair(options: PairOptions = {}): Promise<TestPair> {
  const aliceContext = options.aliceContext ?? contextOf('alice', options.limits);
  const bobContext = options.bobContext ?? contextOf('bob', options.limits);
  const own = await createOwnKeyPackage(bobContext, bob, now);
  const { session, welcome } = await createPair(aliceContext, {
    self: alice,
    peer: bob.agentId,
    keyPackage: own.publicBytes,
    now,
  });
  const joined = await joinPair(bobContext, { self: bob, peer: alice.agentId, welcome, keyPackage: own, now });
  return { a: session, b: joined, welcome };
}

/** One commit by the side whose turn it is, opened by the other. Nothing is wiped: the values before stay usable. */
export async function commitOnce(a: SecureSession, b: SecureSession): Promise<[SecureSession, SecureSession]> {
  const [committer, other] = a.epoch % 2 === 0 ? [a, b] : [b, a];
  const made = await committer.commit(now);
  const opened = await other.open(made.bytes, now);
  return committer === a ? [made.next, opened.next] : [opened.next, made.next];
}

/**
 * Both ends after `steps` commits in turn, Bob's first. Everything is wiped as it would be after the database's commit.
 */
export async function pairAfter(steps: number, options: PairOptions = {}): Promise<TestPair> {
  const fresh = await newPair(options);
  let { a, b } = fresh;
  for (let i = 0; i < steps; i += 1) {
    const [committer, other] = a.epoch % 2 === 0 ? [a, b] : [b, a];
    const made = await committer.commit(now);
    const opened = await other.open(made.bytes, now);
    [a, b] = committer === a ? [made.next, opened.next] : [opened.next, made.next];
    made.wipe();
    opened.wipe();
  }
  return { a, b, welcome: fresh.welcome };
}

/** Seals texts one after another and wipes what each used up. */
export async function sealAll(
  from: SecureSession,
  texts: readonly string[],
): Promise<{ next: SecureSession; frames: Uint8Array[] }> {
  const frames: Uint8Array[] = [];
  let next = from;
  for (const text of texts) {
    const step: SealedStep = await next.seal(toUtf8(text));
    step.wipe();
    frames.push(step.bytes);
    next = step.next;
  }
  return { next, frames };
}

export function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new TypeError(`nothing at ${index}`);
  return found;
}

export interface OpenedText {
  readonly next: SecureSession;
  readonly text: string;
}

/** Opens one frame with a batch in it. */
export async function openText(session: SecureSession, frame: Uint8Array): Promise<OpenedText> {
  const step = await session.open(frame, now);
  if (step.kind !== 'app') throw new TypeError('the frame is a commit');
  step.wipe();
  return { next: step.next, text: fromUtf8(step.plaintext) };
}

/** Opens frames one after another and gives their texts. */
export async function openAll(
  session: SecureSession,
  frames: readonly Uint8Array[],
): Promise<{ next: SecureSession; texts: string[] }> {
  const texts: string[] = [];
  let next = session;
  for (const frame of frames) {
    const opened = await openText(next, frame);
    texts.push(opened.text);
    next = opened.next;
  }
  return { next, texts };
}

export async function codeOfOpening(
  session: SecureSession,
  frame: Uint8Array,
  time = now,
): Promise<ErrorCode | 'opened'> {
  return codeOfRejection(session.open(frame, time)).then((code) => (code === 'resolved' ? 'opened' : code));
}

export async function codeOfRejection(promise: Promise<unknown>): Promise<ErrorCode | 'resolved'> {
  return promise.then(
    () => 'resolved' as const,
    (error: unknown) => codeOf(error),
  );
}

/** The library's state of a session, as a thief of the stored bytes, or the owner of a manipulated program, has it. */
export function stolenState(session: SecureSession, self: SessionSelf): ClientState {
  const judge = authenticationFor({ agents: [alice.agentId, bob.agentId, mallory.agentId], now });
  const environment = { config: clientConfig(defaultLimits, judge), signKey: self.device.seed };
  return decodeState(session.encode(), environment).state.mls;
}
