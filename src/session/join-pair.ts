import type { ClientState, KeyPackage, LeafNode, PrivateKeyPackage, Welcome } from 'ts-mls';
import { equalBytes, MeshError, toHex } from '#kernel';
import { clientConfig } from './client-config.ts';
import type { SessionContext } from './context.ts';
import { authenticationFor, trustNobody } from './credential.ts';
import { overwrite, settle } from './epoch.ts';
import { decodePrivatePackage, refOf } from './key-package.ts';
import { reasonOf } from './library-error.ts';
import { checkLifetime } from './lifetime.ts';
import { emptyPskIndex, joinGroup } from './mls.ts';
import { PairSession } from './pair-session.ts';
import { suiteName } from './provider.ts';
import { checkAgents, rosterOf } from './roster.ts';
import type { JoinSession, SecureSession } from './secure-session.ts';
import { noProgress } from './state-codec.ts';
import { decodeKeyPackage, decodeWelcome, groupIdBytes } from './wire.ts';

/**
 * Joins the group of a welcome (spec 5.4). Throws KEY_PACKAGE_STALE when the own key package cannot be used any more,
 * CERTIFICATE_INVALID when the creator is not the peer, SESSION_BROKEN for everything else that is wrong with the
 * welcome.
 */
export async function joinPair(context: SessionContext, input: JoinSession): Promise<SecureSession> {
  const keys = decodePrivatePackage(input.keyPackage.privateBytes, input.self);
  try {
    const welcome = decodeWelcome(input.welcome, context.limits.maxWelcomeBytes);
    const keyPackage = await ownKeyPackage(context, { input, welcome });
    const state = await joinedState(context, { input, welcome, keyPackage, keys });
    checkNewPair(context, { input, state });
    const mls = settle({ ...state, clientConfig: clientConfig(context.limits, trustNobody) }, 1);
    const counters = { frames: 0, bytes: 0, epochStartedAt: input.now };
    return PairSession.of(context, { mls, own: 1, counters, progress: noProgress });
  } catch (error) {
    const isOwn = error instanceof MeshError && error.code !== 'MALFORMED';
    throw isOwn ? error : new MeshError('SESSION_BROKEN', `The welcome cannot be joined: ${reasonOf(error)}`);
  } finally {
    overwrite([keys.initPrivateKey]);
  }
}

interface Joining {
  readonly input: JoinSession;
  readonly welcome: Welcome;
}

/** The key package that the welcome was made for, if it is of the present device key. */
async function ownKeyPackage(context: SessionContext, { input, welcome }: Joining): Promise<KeyPackage> {
  const { limits } = context;
  const keyPackage = decodeKeyPackage(input.keyPackage.publicBytes, limits.maxKeyPackageBytes);
  if (!equalBytes(keyPackage.leafNode.signaturePublicKey, input.self.device.publicKey)) {
    throw new MeshError('KEY_PACKAGE_STALE', 'The key package is of a device key that was renewed since');
  }
  const ref = await refOf(context, keyPackage);
  if (welcome.cipherSuite !== suiteName || !welcome.secrets.some(({ newMember }) => toHex(newMember) === ref)) {
    throw new MeshError('SESSION_BROKEN', 'The welcome is not for this key package');
  }
  return keyPackage;
}

function joinedState(
  { suite, limits }: SessionContext,
  joining: Joining & { readonly keyPackage: KeyPackage; readonly keys: PrivateKeyPackage },
): Promise<ClientState> {
  const { input, welcome, keyPackage, keys } = joining;
  const judge = authenticationFor({ agents: [input.peer, input.self.agentId], now: input.now });
  const config = clientConfig(limits, judge);
  return joinGroup(welcome, keyPackage, keys, emptyPskIndex, suite, undefined, undefined, config);
}

/** A fresh group of exactly these two: nobody was in it before, and both leaves are in their time. */
function checkNewPair(
  context: SessionContext,
  { input, state }: { readonly input: JoinSession; readonly state: ClientState },
): void {
  const { epoch, groupId, extensions, cipherSuite } = state.groupContext;
  const isFresh =
    epoch === 1n && groupId.length === groupIdBytes && extensions.length === 0 && cipherSuite === suiteName;
  if (!isFresh) throw new MeshError('SESSION_BROKEN', 'The welcome is not to a fresh group of two');
  const roster = rosterOf(state.ratchetTree);
  checkAgents(roster, [input.peer, input.self.agentId]);
  for (const { leaf } of roster) checkLeafLifetime(leaf, { now: input.now, context });
}

function checkLeafLifetime(
  leaf: LeafNode,
  { now, context }: { readonly now: number; readonly context: SessionContext },
): void {
  if (leaf.leafNodeSource !== 'key_package')
    throw new MeshError('SESSION_BROKEN', 'A member is not from a key package');
  checkLifetime(leaf.lifetime, { now, limits: context.limits });
}
