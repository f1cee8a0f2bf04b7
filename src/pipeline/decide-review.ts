import { createHash } from 'node:crypto';
import { MeshError, toHex } from '#kernel';
import { appendAudit } from '#audit';
import { decodeMessage, type MessageId } from '#protocol';
import type { HeldMessage } from './guard-store.ts';
import type { Lane } from './lane.ts';
import { maySendNow } from './send.ts';
import type { MeshTransaction } from './store.ts';
import { tellLane } from './tell-steps.ts';

/** How much longer than its sender said a message that the owner let through may wait for its program. */
const graceMs = 86_400_000;

/** What the owner looks at and what is acted on are the same bytes: a hash over the direction, the peer and the message (spec 15.4). */
export function digestOf({ direction, peer }: Pick<HeldMessage, 'direction' | 'peer'>, body: Uint8Array): string {
  return toHex(createHash('sha256').update(`agent-mesh review\n${direction}\n${peer}\n`).update(body).digest());
}

/** A message that waits, and the bytes that the owner looked at. */
export interface Deciding {
  readonly lane: Lane;
  readonly held: Pick<HeldMessage, 'direction' | 'seq' | 'id'>;
  /** All of it, or its beginning; undefined when the owner denies without looking. */
  readonly digest: string | undefined;
}

/** It goes on: to the program, or to its receiver. Throws REVIEW_CHANGED, WRONG_STATE, and what `maySend` throws. */
export async function approveReview(deciding: Deciding): Promise<void> {
  const { lane, held } = deciding;
  const { store, clock } = lane.ports;
  await lane.serial.run(async () => {
    await store.transact((tx) => {
      const at = clock.now();
      const body = bodyOf(deciding, tx);
      if (held.direction === 'in') releaseIn(lane, tx, { id: held.id, at });
      else releaseOut(lane, tx, { id: held.id, body, at });
      note(deciding, tx, { decision: 'approved', body, at });
    });
  });
  if (held.direction === 'in') return;
  lane.hasStored = true;
  lane.hasReceipts = true;
  tellLane(lane, [held.id], { step: 'queued', state: 'queued' });
  lane.flushSoon();
}

/** It goes nowhere: a dead letter, of which its sender hears, or a message that never leaves. */
export async function denyReview(deciding: Deciding): Promise<void> {
  const { lane, held } = deciding;
  const { store, clock } = lane.ports;
  const to = { agent: lane.agent.name, peer: lane.peer };
  await lane.serial.run(async () => {
    await store.transact((tx) => {
      const at = clock.now();
      const body = bodyOf(deciding, tx);
      const code = 'GUARD_BLOCKED';
      if (held.direction === 'in') {
        const death = { error: 'The owner refused it after a review', reason: code, at } as const;
        tx.inbox.buryHeld({ agent: to.agent, sender: to.peer }, held.id, death);
        // Nothing is said to a contact that was removed.
        if (tx.contacts.byAgentId(to.agent, to.peer) !== undefined)
          tx.outbox.queueReceipt(to, { kind: 'refused', messageId: held.id, code, at });
      } else {
        tx.outbox.deny(to.agent, held.id, { code, at });
        const { type, correlationId } = decodeMessage(body);
        if (type === 'response' && correlationId !== undefined)
          tx.outbox.queueReceipt(to, { kind: 'refused', messageId: correlationId, code, at });
      }
      note(deciding, tx, { decision: 'denied', body, at });
    });
  });
  lane.hasReceipts = true;
  if (held.direction === 'in') lane.ports.emit({ type: 'buried', ...to, ids: [held.id], reason: 'GUARD_BLOCKED' });
  else tellLane(lane, [held.id], { step: 'cancelled', state: 'cancelled', reason: 'GUARD_BLOCKED' });
  lane.flushSoon();
}

/** The bytes that are acted on. Throws when they are not those that were looked at, or wait no more. */
function bodyOf({ lane, held, digest }: Deciding, tx: MeshTransaction): Uint8Array {
  const { name: agent } = lane.agent;
  const row = held.direction === 'in' ? tx.inbox.sameAs(agent, lane.peer, held.id) : tx.outbox.message(agent, held.id);
  if (row?.state !== 'review') {
    throw new MeshError(
      'WRONG_STATE',
      `The message ${held.id} does not wait for a review any more: it is ${row?.state ?? 'gone'}`,
      {
        hint: 'See what waits: mesh review list',
      },
    );
  }
  const now = digestOf({ direction: held.direction, peer: lane.peer }, row.body);
  if (digest === undefined || now.startsWith(digest)) return row.body;
  throw new MeshError('REVIEW_CHANGED', `The digest ${digest} is not that of the message ${held.id} as it waits now`, {
    hint: `Look at it again: mesh review show ${held.id}`,
  });
}

interface Released {
  readonly id: MessageId;
  readonly at: number;
}

function releaseIn({ agent, peer, ports }: Lane, tx: MeshTransaction, { id, at }: Released): void {
  const files = tx.files.ofMessage({ agent: agent.name, peer, direction: 'in' }, id);
  const toFiles = ports.waitsForFiles(agent.name) && files.some(({ state }) => state === 'open');
  tx.inbox.endReview({ agent: agent.name, sender: peer }, id, { toFiles, expiresAt: at + graceMs });
}

function releaseOut(lane: Lane, tx: MeshTransaction, { id, body, at }: Released & { readonly body: Uint8Array }): void {
  const { agent, peer } = lane;
  const message = decodeMessage(body);
  maySendNow(lane, message);
  if (message.timestamp + message.ttl * 1000 <= at) {
    throw new MeshError('EXPIRED', 'Its time to live was over before it was looked at', {
      hint: `Refuse it, and send it again: mesh review deny ${id}`,
    });
  }
  tx.outbox.release(agent.name, id);
  const { type, correlationId } = message;
  if (type !== 'response' || correlationId === undefined) return;
  const receipt = { kind: 'answered', messageId: correlationId, answerId: id, at } as const;
  tx.outbox.queueReceipt({ agent: agent.name, peer }, receipt);
}

function note(
  { lane, held }: Deciding,
  tx: MeshTransaction,
  { decision, body, at }: { readonly decision: 'approved' | 'denied'; readonly body: Uint8Array; readonly at: number },
): void {
  const { direction, seq, id } = held;
  tx.guards.decide({ direction, seq }, { decision, at });
  const digest = digestOf({ direction, peer: lane.peer }, body);
  const data = { peer: lane.peer, message: id, direction, digest };
  appendAudit(tx.audit, { at, agent: lane.agent.name, kind: `guard.${decision}`, data });
}
