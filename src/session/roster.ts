import type { LeafNode, RatchetTree } from 'ts-mls';
import { equalBytes, MeshError } from '#kernel';
import type { AgentId, DeviceCertificate } from '#identity';
import { certificateIn } from './credential.ts';

/** Leaf 0 made the group, leaf 1 joined it (spec 5.4). */
export type Side = 0 | 1;
export const otherSide = (side: Side): Side => (side === 0 ? 1 : 0);

export interface Member {
  readonly leaf: LeafNode;
  readonly certificate: DeviceCertificate;
}

export type Roster = readonly [creator: Member, joiner: Member];

/** Whose turn it is to commit in an epoch (spec 5.5). */
export const turnOf = (epoch: number): Side => (epoch % 2 === 0 ? 0 : 1);

/**
 * The two members. Throws SESSION_BROKEN when there are more or fewer leaves, CERTIFICATE_INVALID for another kind of
 * credential.
 */
export function rosterOf(tree: RatchetTree): Roster {
  // Two leaves and the node between them (RFC 9420 §4.1.1): every other size has or had other members.
  const [first, , second] = tree;
  if (tree.length !== 3 || first?.nodeType !== 'leaf' || second?.nodeType !== 'leaf') {
    throw new MeshError('SESSION_BROKEN', `The group is not one of two members: its tree has ${tree.length} nodes`);
  }
  return [memberOf(first.leaf), memberOf(second.leaf)];
}

const memberOf = (leaf: LeafNode): Member => ({ leaf, certificate: certificateIn(leaf.credential) });

/** Throws SESSION_BROKEN unless the two sides are these agents. */
export function checkAgents(roster: Roster, agents: readonly [creator: AgentId, joiner: AgentId]): void {
  for (const side of [0, 1] as const) {
    const found = roster[side].certificate.agentId;
    if (found !== agents[side])
      throw new MeshError('SESSION_BROKEN', `Member ${side} is ${found}, not ${agents[side]}`);
  }
}

/**
 * Compares the members before and after a commit (spec 5.5). The library lets a member change its credential in a
 * commit; here nobody may: not to another agent, and not to another device key either, which begins new sessions
 * instead. Throws SESSION_BROKEN.
 */
export function checkSameRoster(before: RatchetTree, after: RatchetTree): void {
  const old = rosterOf(before);
  const next = rosterOf(after);
  for (const side of [0, 1] as const) {
    if (old[side].certificate.agentId !== next[side].certificate.agentId) {
      throw new MeshError('SESSION_BROKEN', `The commit puts another agent in the place of member ${side}`);
    }
    if (!sameCredential(old[side].leaf, next[side].leaf)) {
      throw new MeshError('SESSION_BROKEN', `The commit changes the credential of member ${side}`);
    }
  }
}

function sameCredential(old: LeafNode, next: LeafNode): boolean {
  if (old.credential.credentialType !== 'basic' || next.credential.credentialType !== 'basic') return false;
  const sameKey = equalBytes(old.signaturePublicKey, next.signaturePublicKey);
  return sameKey && equalBytes(old.credential.identity, next.credential.identity);
}
