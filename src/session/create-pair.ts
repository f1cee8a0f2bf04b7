import type { ClientState, KeyPackage } from 'ts-mls';
import { MeshError } from '#kernel';
import { clientConfig } from './client-config.ts';
import type { SessionContext } from './context.ts';
import { authenticationFor, trustNobody } from './credential.ts';
import { overwrite, replacedSecrets, settle } from './epoch.ts';
import { checkPeerKeyPackage, makeKeyPackage } from './key-package.ts';
import { reasonOf } from './library-error.ts';
import { anyClock } from './lifetime.ts';
import { createCommit, createGroup } from './mls.ts';
import { PairSession } from './pair-session.ts';
import { checkAgents, rosterOf } from './roster.ts';
import type { CreateSession, SecureSession } from './secure-session.ts';
import { noProgress } from './state-codec.ts';
import { encodeWelcome, groupIdBytes } from './wire.ts';

export interface CreatedPair {
  readonly session: SecureSession;
  readonly welcome: Uint8Array;
}

/**
 * A group of this agent alone, then one commit that adds the peer (RFC 9420 §11). Nobody else ever was in the group, so
 * the commit stays here and the welcome says it all. Throws KEY_PACKAGE_INVALID, KEY_PACKAGE_STALE, and
 * CERTIFICATE_INVALID for the own one.
 */
export async function createPair(context: SessionContext, input: CreateSession): Promise<CreatedPair> {
  const { self, peer, now } = input;
  if (peer === self.agentId) throw new MeshError('INVALID_ARGUMENT', 'An agent has no session with itself');
  const checked = await checkPeerKeyPackage(context, { bytes: input.keyPackage, peer, now });
  try {
    const alone = await groupOfOne(context, input);
    const { newState, welcome, consumed } = await createCommit(
      { state: alone, cipherSuite: context.suite },
      {
        extraProposals: [{ proposalType: 'add', add: { keyPackage: forLibrary(checked.keyPackage) } }],
        ratchetTreeExtension: true,
      },
    );
    if (welcome === undefined) throw new MeshError('INTERNAL', 'The library made no welcome');
    const mls = withoutHistory({ ...newState, clientConfig: clientConfig(context.limits, trustNobody) });
    checkAgents(rosterOf(mls.ratchetTree), [self.agentId, peer]);
    overwrite([...consumed, ...replacedSecrets(alone, mls)]);
    const counters = { frames: 0, bytes: 0, epochStartedAt: now };
    return {
      session: PairSession.of(context, { mls, own: 0, counters, progress: noProgress }),
      welcome: encodeWelcome(welcome),
    };
  } catch (error) {
    if (error instanceof MeshError) throw error;
    // Everything else was checked before: the library can only fail on keys that are none.
    throw new MeshError('KEY_PACKAGE_INVALID', `The key package cannot be used: ${reasonOf(error)}`);
  }
}

/** The creator's own leaf comes from a key package as well, which nobody else ever sees. */
async function groupOfOne(context: SessionContext, { self, peer, now }: CreateSession): Promise<ClientState> {
  const made = await makeKeyPackage(context, self, now);
  const judge = authenticationFor({ agents: [self.agentId, peer], now });
  const groupId = context.random.bytes(groupIdBytes);
  const config = clientConfig(context.limits, judge);
  return createGroup(groupId, made.publicPackage, made.privatePackage, [], context.suite, config);
}

const forLibrary = (keyPackage: KeyPackage): KeyPackage => ({
  ...keyPackage,
  leafNode: { ...keyPackage.leafNode, lifetime: anyClock(keyPackage.leafNode.lifetime) },
});

/** The epoch of the creator alone: nothing was ever sealed in it. */
const withoutHistory = (state: ClientState): ClientState => settle({ ...state, historicalReceiverData: new Map() }, 0);
