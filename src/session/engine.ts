import { equalBytes, MeshError, toHex } from '#kernel';
import { clientConfig } from './client-config.ts';
import type { SessionContext } from './context.ts';
import { createPair } from './create-pair.ts';
import { trustNobody } from './credential.ts';
import { joinPair } from './join-pair.ts';
import { checkPeerKeyPackage, createOwnKeyPackage } from './key-package.ts';
import { PairSession } from './pair-session.ts';
import { createSuite } from './provider.ts';
import { checkAgents, rosterOf } from './roster.ts';
import type { LoadSession, SecureSession, SessionEngine } from './secure-session.ts';
import type { SessionEngineOptions } from './session-engine-options.ts';
import { decodeState } from './state-codec.ts';
import { decodeWelcome, groupIdIn } from './wire.ts';

export function openEngine({ random, limits }: SessionEngineOptions): SessionEngine {
  const context: SessionContext = { suite: createSuite(random), random, limits };
  return {
    createKeyPackage: (self, now) => createOwnKeyPackage(context, self, now),
    checkKeyPackage: async (input) => {
      const { ref, expiresAt } = await checkPeerKeyPackage(context, input);
      return { ref, expiresAt };
    },
    create: (input) => createPair(context, input),
    welcomeRefs: (welcome) =>
      decodeWelcome(welcome, limits.maxWelcomeBytes).secrets.map(({ newMember }) => toHex(newMember)),
    join: (input) => joinPair(context, input),
    load: (input) => loadPair(context, input),
    groupIdOf: (sealed) => toHex(groupIdIn(sealed)),
  };
}

function loadPair(context: SessionContext, { self, peer, stored }: LoadSession): SecureSession {
  const config = clientConfig(context.limits, trustNobody);
  const { state, cache } = decodeState(stored, { config, signKey: self.device.seed });
  const roster = rosterOf(state.mls.ratchetTree);
  checkAgents(roster, state.own === 0 ? [self.agentId, peer] : [peer, self.agentId]);
  if (!equalBytes(roster[state.own].leaf.signaturePublicKey, self.device.publicKey)) {
    throw new MeshError('SESSION_BROKEN', 'The stored session is of a device key that was renewed since');
  }
  return PairSession.of(context, state, cache);
}
