import { codeOf, type ErrorCode, MeshError } from '#kernel';
import { appendAudit } from '#audit';
import type { NewOutboxFrame } from '#delivery';
import type { FrameKind, MessageId, Priority } from '#protocol';
import type { SecureSession, SessionRecord, SessionStep } from '#session';
import { dropPeerKeyPackages, noteKeyPackageUsed, takePeerKeyPackage } from './key-packages.ts';
import type { Lane } from './lane.ts';
import type { MeshTransaction } from './store.ts';
import { tellLane } from './tell-steps.ts';

/** Steps made in memory that become real in one transaction: run `writes` in it, `wipe` after it, then use `session`. */
export interface Prepared {
  session: SecureSession;
  readonly frames: NewOutboxFrame[];
  readonly writes: ((tx: MeshTransaction) => void)[];
  readonly steps: SessionStep[];
}

const vaultContext = (groupId: string): string => `session/${groupId}`;

export const sealState = (lane: Lane, session: SecureSession): Uint8Array =>
  lane.agent.vault.seal(vaultContext(session.groupId), session.encode());

export function loadSession(lane: Lane, record: SessionRecord): SecureSession {
  const stored = lane.agent.vault.open(vaultContext(record.groupId), record.state);
  return lane.ports.engine.load({ self: lane.agent.self, peer: lane.peer, stored });
}

/**
 * The session to seal with, and whatever has to go out before: a welcome, a rekey commit. Undefined while frames of another session are
 * under way: they may still come back unsealed, and would then be behind what is sealed now (spec §5.9). Throws NO_KEY_PACKAGE.
 */
export async function prepareSession(lane: Lane): Promise<Prepared | undefined> {
  const current = await currentSession(lane);
  if (lane.courier.carriesOther(current?.session.groupId)) return undefined;
  const prepared = current ?? (await newSession(lane));
  const now = lane.ports.clock.now();
  if (prepared.session.rekeyDue(now)) {
    const step = await prepared.session.commit(now);
    prepared.frames.push(handshakeFrame(lane, { kind: 'commit', groupId: step.next.groupId, bytes: step.bytes }));
    prepared.steps.push(step);
    prepared.session = step.next;
  }
  return prepared;
}

async function currentSession(lane: Lane): Promise<Prepared | undefined> {
  if (lane.session === undefined) {
    const record = lane.ports.store.read.sessions
      .sessions(lane.agent.name, lane.peer)
      .find((candidate) => candidate.role === 'current');
    if (record === undefined) return undefined;
    try {
      lane.session = loadSession(lane, record);
    } catch (error) {
      await replaceSession(lane, { groupId: record.groupId, reason: codeOf(error) });
      return undefined;
    }
  }
  return { session: lane.session, frames: [], writes: [], steps: [] };
}

async function newSession(lane: Lane): Promise<Prepared> {
  const { engine, clock } = lane.ports;
  const keyPackage = await takePeerKeyPackage(lane);
  const now = clock.now();
  const { session, welcome } = await engine.create({
    self: lane.agent.self,
    peer: lane.peer,
    keyPackage: keyPackage.bytes,
    now,
  });
  const record = {
    agent: lane.agent.name,
    peer: lane.peer,
    groupId: session.groupId,
    role: 'current' as const,
    createdHere: true,
    confirmed: false,
    createdAt: now,
  };
  const write = (tx: MeshTransaction): void => {
    tx.sessions.deletePeerKeyPackage(lane.agent.name, keyPackage.ref);
    tx.sessions.putSession({ ...record, state: sealState(lane, session) });
    audit(lane, tx, { kind: 'session.created', groupId: session.groupId });
  };
  const frame = handshakeFrame(lane, { kind: 'welcome', groupId: session.groupId, bytes: welcome });
  return { session, frames: [frame], writes: [write], steps: [] };
}

/** The peer joined a session with a key package of ours, or we with one of theirs: tell the books. */
export function audit(
  lane: Lane,
  tx: MeshTransaction,
  entry: { kind: string; groupId: string; reason?: ErrorCode },
): void {
  const { kind, ...data } = entry;
  appendAudit(tx.audit, {
    at: lane.ports.clock.now(),
    agent: lane.agent.name,
    kind,
    data: { peer: lane.peer, ...data },
  });
}

export interface FrameParts {
  readonly kind: FrameKind;
  readonly groupId: string;
  readonly bytes: Uint8Array;
  readonly priority?: Priority;
  readonly expiresAt?: number;
}

/** A frame of this lane with nothing bound to it. Handshake frames live as long as any message may. */
export function handshakeFrame(lane: Lane, parts: FrameParts): NewOutboxFrame {
  const { clock, ids, limits } = lane.ports;
  const now = clock.now();
  return {
    agent: lane.agent.name,
    peer: lane.peer,
    groupId: parts.groupId,
    messageIds: [],
    receiptSeqs: [],
    frame: {
      v: 1,
      id: ids.next('frm'),
      kind: parts.kind,
      from: lane.agent.agentId,
      to: lane.peer,
      createdAt: now,
      expiresAt: parts.expiresAt ?? now + limits.maxTtlSeconds * 1000,
      priority: parts.priority ?? 'normal',
      bytes: parts.bytes,
    },
  };
}

/**
 * The session cannot go on: what was sealed in it and never acknowledged waits again, unsealed, and the next batch makes a new
 * session. Runs inside the lane's serial.
 */
export async function replaceSession(lane: Lane, broken: { groupId: string; reason: ErrorCode }): Promise<void> {
  const { limits, logger } = lane.ports;
  const agent = lane.agent.name;
  // After what is still to be noted of its frames: they are gone then.
  const unsealed = await lane.deferred.transact((tx) => {
    tx.sessions.deleteSession(agent, broken.groupId);
    const ids = tx.outbox.unseal(agent, broken.groupId);
    if (broken.reason === 'KEY_PACKAGE_STALE') {
      dropPeerKeyPackages(tx, { agent, peer: lane.peer, now: lane.ports.clock.now() });
    }
    promoteDraining(lane, tx);
    noteKeyPackageUsed(lane, tx);
    audit(lane, tx, { kind: 'session.replaced', ...broken });
    return ids;
  });
  lane.courier.drop(broken.groupId);
  lane.session = undefined;
  lane.hasStored = true;
  lane.hasReceipts = true;
  lane.replacements += 1;
  logger.warn('session.replaced', { agent, peer: lane.peer, reason: broken.reason });
  lane.ports.emit({ type: 'session-replaced', agent, peer: lane.peer, reason: broken.reason });
  tellUnsealed(lane, unsealed);
  if (lane.replacements > limits.maxDrainingSessions) {
    lane.courier.fail(
      new MeshError(broken.reason, 'The peer refuses every new session', { data: { peer: lane.peer } }),
    );
  }
}

/** The session ended before its frames got through: what they hold waits to be sealed anew. Runs inside the lane's serial. */
export async function unsealLeft(lane: Lane, groupId: string): Promise<void> {
  const unsealed = await lane.deferred.transact((tx) => tx.outbox.unseal(lane.agent.name, groupId));
  lane.courier.drop(groupId);
  lane.hasStored = true;
  lane.hasReceipts = true;
  tellUnsealed(lane, unsealed);
}

const tellUnsealed = (lane: Lane, ids: readonly MessageId[]): void =>
  tellLane(lane, ids, { step: 'unsealed', state: 'queued' });

/** Another session that the peer made meanwhile is better than a new one: both ends have it. */
function promoteDraining(lane: Lane, tx: MeshTransaction): void {
  const left = tx.sessions.sessions(lane.agent.name, lane.peer);
  if (left.some((record) => record.role === 'current')) return;
  const newest = left.filter((record) => !record.createdHere).sort((a, b) => b.createdAt - a.createdAt)[0];
  if (newest === undefined) return;
  const { drainingSince: _, ...rest } = newest;
  tx.sessions.putSession({ ...rest, role: 'current' });
}
