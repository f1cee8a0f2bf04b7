import { codeOf, type ErrorCode } from '#kernel';
import type { FrameOutcome } from '#delivery';
import type { Frame, MessageId } from '#protocol';
import type { OwnKeyPackageRecord, SecureSession, SessionRecord } from '#session';
import { noteKeyPackageUsed } from './key-packages.ts';
import type { Lane } from './lane.ts';
import { audit, sealState } from './lane-session.ts';
import type { MeshTransaction } from './store.ts';
import { tellLane } from './tell-steps.ts';

/**
 * A welcome came: join, and delete the secret half of the key package in the same transaction, so that the welcome cannot be joined
 * twice. The next flush sends our self-update. Runs inside the lane's serial.
 */
export async function joinSession(lane: Lane, frame: Frame): Promise<FrameOutcome> {
  const found = findKeyPackage(lane, frame.bytes);
  if ('code' in found) return { kind: 'refused', code: found.code };
  const { keyPackage } = found;
  const { engine, clock, logger } = lane.ports;
  let session: SecureSession;
  try {
    session = await engine.join({
      self: lane.agent.self,
      peer: lane.peer,
      welcome: frame.bytes,
      keyPackage: {
        publicBytes: keyPackage.publicBytes,
        privateBytes: lane.agent.vault.open(`key-package/${keyPackage.ref}`, keyPackage.privateBytes),
      },
      now: clock.now(),
    });
  } catch (error) {
    const code = codeOf(error);
    logger.warn('welcome.not-joined', { agent: lane.agent.name, peer: lane.peer, frame: frame.id, code });
    return { kind: 'refused', code: code === 'KEY_PACKAGE_STALE' ? code : 'SESSION_BROKEN' };
  }
  const { role, dropped, unsealed } = await lane.deferred.transact((tx) => {
    const joinedAs = writeJoined(lane, tx, { frame, keyPackage, session });
    return { role: joinedAs, ...dropOldest(lane, tx) };
  });
  if (role === 'current') lane.session = session;
  else lane.openSessions.set(session.groupId, session);
  for (const groupId of dropped) {
    lane.openSessions.delete(groupId);
    lane.courier.drop(groupId);
    lane.hasStored = true;
  }
  tellLane(lane, unsealed, { step: 'unsealed', state: 'queued' });
  lane.hasReceipts = true;
  lane.flushSoon();
  return { kind: 'delivered' };
}

function findKeyPackage(
  lane: Lane,
  welcome: Uint8Array,
): { readonly keyPackage: OwnKeyPackageRecord } | { readonly code: ErrorCode } {
  const { engine, store, clock } = lane.ports;
  let refs: readonly string[];
  try {
    refs = engine.welcomeRefs(welcome);
  } catch (error) {
    return { code: codeOf(error) };
  }
  for (const ref of refs) {
    const keyPackage = store.read.sessions.ownKeyPackage(lane.agent.name, ref);
    if (keyPackage !== undefined && keyPackage.expiresAt > clock.now()) return { keyPackage };
  }
  return { code: 'KEY_PACKAGE_STALE' };
}

interface Joined {
  readonly frame: Frame;
  readonly keyPackage: OwnKeyPackageRecord;
  readonly session: SecureSession;
}

function writeJoined(lane: Lane, tx: MeshTransaction, joined: Joined): SessionRecord['role'] {
  const { frame, keyPackage, session } = joined;
  const { name: agent } = lane.agent;
  const { clock, limits } = lane.ports;
  const now = clock.now();
  const current = tx.sessions.sessions(agent, lane.peer).find((record) => record.role === 'current');
  const role = current !== undefined && keepsOurs(current, session.groupId) ? 'draining' : 'current';
  if (current !== undefined && role === 'current') {
    tx.sessions.putSession({ ...current, role: 'draining', drainingSince: now });
  }
  tx.sessions.deleteOwnKeyPackage(agent, keyPackage.ref);
  tx.sessions.putSession({
    agent,
    peer: lane.peer,
    groupId: session.groupId,
    role,
    createdHere: false,
    confirmed: true,
    state: sealState(lane, session),
    createdAt: now,
    ...(role === 'draining' ? { drainingSince: now } : {}),
  });
  noteKeyPackageUsed(lane, tx);
  const kept = limits.receivedFramesKept;
  tx.inbox.rememberFrame(agent, lane.peer, { frameId: frame.id, kind: frame.kind, kept });
  audit(lane, tx, { kind: 'session.joined', groupId: session.groupId });
  return role;
}

interface Dropped {
  /** Group ids. */
  readonly dropped: readonly string[];
  readonly unsealed: readonly MessageId[];
}

/** A peer that makes session after session must not fill the disk: of those that were replaced only the latest stay. */
function dropOldest(lane: Lane, tx: MeshTransaction): Dropped {
  const agent = lane.agent.name;
  const draining = tx.sessions.sessions(agent, lane.peer).filter(({ role }) => role === 'draining');
  const dropped = draining.slice(lane.ports.limits.maxDrainingSessions).map(({ groupId }) => groupId);
  const unsealed = dropped.flatMap((groupId) => {
    tx.sessions.deleteSession(agent, groupId);
    return tx.outbox.unseal(agent, groupId);
  });
  return { dropped, unsealed };
}

/**
 * Both sides made a session at the same time: the lower group id is the one that both go on with. A session that was in use by both
 * is different: then the peer replaced it on purpose (spec §5).
 */
function keepsOurs(current: SessionRecord, joinedGroupId: string): boolean {
  return current.createdHere && !current.confirmed && current.groupId < joinedGroupId;
}
