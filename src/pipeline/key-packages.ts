import { type Clock, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { OwnKeyPackage, SessionEngine } from '#session';
import type { Lane, LocalAgent, PipelinePorts } from './lane.ts';
import type { MeshTransaction } from './store.ts';

/** A fresh single-use key package of the agent; `write` stores its secret half in the transaction that lets the public half out. */
export interface FreshKeyPackage {
  readonly bytes: Uint8Array;
  write(tx: MeshTransaction): void;
}

export async function freshKeyPackage(agent: LocalAgent, ports: PipelinePorts): Promise<FreshKeyPackage> {
  const made = await ports.engine.createKeyPackage(agent.self, ports.clock.now());
  const record = sealedRecord(agent, made);
  return { bytes: made.publicBytes, write: (tx) => tx.sessions.putOwnKeyPackage(record) };
}

function sealedRecord(agent: LocalAgent, made: OwnKeyPackage) {
  return {
    agent: agent.name,
    ref: made.ref,
    publicBytes: made.publicBytes,
    privateBytes: agent.vault.seal(`key-package/${made.ref}`, made.privateBytes),
    expiresAt: made.expiresAt,
  };
}

const givenKey = ({ agent, peer }: { readonly agent: string; readonly peer: AgentId }): string =>
  `key-package-given/${agent}/${peer}`;

const givenHere = (lane: Lane): string => givenKey({ agent: lane.agent.name, peer: lane.peer });

/** True when the peer should get a new key package with the next batch: it has none left, or the one it has grows old. */
export function owesKeyPackage(lane: Lane): boolean {
  const { store, clock, limits } = lane.ports;
  const givenAt = Number(store.read.values.get(givenHere(lane)) ?? 0);
  return clock.now() - givenAt > limits.keyPackageLifetimeMs / 2;
}

export const noteKeyPackageGiven = (lane: Lane, tx: MeshTransaction): void =>
  tx.values.set(givenHere(lane), String(lane.ports.clock.now()));

/** After the peer used up the key package it had: it needs another. */
export const noteKeyPackageUsed = (lane: Lane, tx: MeshTransaction): void => tx.values.delete(givenHere(lane));

/** None of what was given to peers can be used any more, and nothing of theirs is used again. */
export function forgetKeyPackages(tx: MeshTransaction, agent: string): void {
  tx.sessions.deleteKeyPackagesOf(agent);
  for (const { agentId: peer } of tx.contacts.list({ agent })) tx.values.delete(givenKey({ agent, peer }));
}

export interface CheckedKeyPackage {
  readonly bytes: Uint8Array;
  readonly ref: string;
  readonly expiresAt: number;
}

/** Verifies what a peer handed over: it must be that peer's, for our suite, and in its lifetime. */
export async function checkKeyPackage(
  ports: { readonly engine: SessionEngine; readonly clock: Clock },
  peer: AgentId,
  bytes: Uint8Array,
): Promise<CheckedKeyPackage> {
  const { ref, expiresAt } = await ports.engine.checkKeyPackage({ bytes, peer, now: ports.clock.now() });
  return { bytes, ref, expiresAt };
}

/** Forgets what the peer left here to start sessions with. */
export function dropPeerKeyPackages(tx: MeshTransaction, of: { agent: string; peer: AgentId; now: number }): void {
  for (const { ref } of tx.sessions.peerKeyPackages(of)) tx.sessions.deletePeerKeyPackage(of.agent, ref);
}

/** The best key package of the peer: one it left with us, else a fresh one over the open link. Throws NO_KEY_PACKAGE. */
export async function takePeerKeyPackage(lane: Lane): Promise<CheckedKeyPackage> {
  const { store, clock } = lane.ports;
  const stored = store.read.sessions.peerKeyPackages({ agent: lane.agent.name, peer: lane.peer, now: clock.now() });
  for (const { bytes, ref, expiresAt } of stored) {
    const checked = await checkKeyPackage(lane.ports, lane.peer, bytes).catch(() => undefined);
    if (checked !== undefined) return { bytes, ref, expiresAt };
  }
  const link = lane.courier.link;
  if (link === undefined) throw new MeshError('NO_KEY_PACKAGE');
  return checkKeyPackage(lane.ports, lane.peer, await link.takeKeyPackage());
}
