import type { AgentId } from '#identity';

/** One stored session. `state` is sealed at rest. Times in ms since 1970. */
export interface SessionRecord {
  readonly agent: string;
  readonly peer: AgentId;
  readonly groupId: string;
  /** `current` seals and opens; `draining` only opens what is still under way. */
  readonly role: 'current' | 'draining';
  readonly createdHere: boolean;
  /** True once something from the peer was opened in it: both ends have it. */
  readonly confirmed: boolean;
  readonly state: Uint8Array;
  readonly createdAt: number;
  readonly drainingSince?: number;
}

export interface OwnKeyPackageRecord {
  readonly agent: string;
  readonly ref: string;
  readonly publicBytes: Uint8Array;
  /** Sealed at rest. */
  readonly privateBytes: Uint8Array;
  readonly expiresAt: number;
}

export interface PeerKeyPackageRecord {
  readonly agent: string;
  readonly peer: AgentId;
  readonly ref: string;
  readonly bytes: Uint8Array;
  readonly expiresAt: number;
}

export interface SessionReader {
  session(agent: string, groupId: string): SessionRecord | undefined;
  /** All sessions with the peer, current first. */
  sessions(agent: string, peer: AgentId): readonly SessionRecord[];
  ownKeyPackage(agent: string, ref: string): OwnKeyPackageRecord | undefined;
  /** Key packages of the peer that are not expired, newest first. */
  peerKeyPackages(query: {
    readonly agent: string;
    readonly peer: AgentId;
    readonly now: number;
  }): readonly PeerKeyPackageRecord[];
}

export interface SessionWriter extends SessionReader {
  /** Inserts or replaces by (agent, groupId). */
  putSession(record: SessionRecord): void;
  /** The hot path: only the state and `confirmed` of a session change. */
  saveState(record: Pick<SessionRecord, 'agent' | 'groupId' | 'state' | 'confirmed'>): void;
  deleteSession(agent: string, groupId: string): void;
  deleteSessionsOf(agent: string, peer?: AgentId): void;
  putOwnKeyPackage(record: OwnKeyPackageRecord): void;
  deleteOwnKeyPackage(agent: string, ref: string): void;
  putPeerKeyPackage(record: PeerKeyPackageRecord): void;
  deletePeerKeyPackage(agent: string, ref: string): void;
  /** All key packages of the agent, its own and those of its peers. */
  deleteKeyPackagesOf(agent: string): void;
  /** Deletes expired key packages and sessions that drained since before `drainedBefore`. Returns how many rows. */
  prune(options: { readonly now: number; readonly drainedBefore: number }): number;
}
