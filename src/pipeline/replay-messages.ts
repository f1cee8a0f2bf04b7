import { codeOf, type ErrorCode, MeshError, toMeshError } from '#kernel';
import { appendAudit } from '#audit';
import type { OutboxMessage } from '#delivery';
import { decodeMessage, type Message, type MessageId } from '#protocol';
import { checkRoom } from './accept-message.ts';
import type { Judged } from './guard-store.ts';
import { insertHeld, tellHeld } from './hold-message.ts';
import { judgeOutbound, refuseBlocked } from './message-guard.ts';
import { blobsOf } from './blob-attachments.ts';
import { reviveSome } from './give-up.ts';
import type { Lane } from './lane.ts';
import { takeShare } from './message-budget.ts';
import { maySendNow, outboxRow } from './send.ts';
import { tellLane } from './tell-steps.ts';

export interface Replayed {
  readonly id: MessageId;
  /** The new message that says it again; absent when it goes on under its own id. */
  readonly as?: MessageId;
}

export interface NotReplayed {
  readonly id: MessageId;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface ReplayOutcome {
  readonly replayed: readonly Replayed[];
  readonly skipped: readonly NotReplayed[];
}

/**
 * Sends dead letters of one peer again (spec 11.5). What was given up is still on its way: it goes on under its own id. What ended stays
 * ended, and is said again by a new message that names the first one, so that the peer takes it once even when that did arrive.
 */
export async function replayMessages(lane: Lane, ids: readonly MessageId[]): Promise<ReplayOutcome> {
  const skipped: NotReplayed[] = [];
  const outcome = await lane.serial.run(async () => {
    // In line with everything that changes them: who comes second finds that it was done.
    const rows = ids.flatMap((id) => lane.ports.store.read.outbox.message(lane.agent.name, id) ?? []);
    const givenUp = rows.filter(({ state }) => state === 'dead').map(({ id }) => id);
    const again = rows
      .filter(({ state }) => state !== 'dead')
      .flatMap((row) => newMessageFor(lane, row, (reason) => skipped.push(reason)));
    return [...(await reviveThese(lane, givenUp)), ...(await storeAgain(lane, again))];
  });
  lane.hasStored = true;
  lane.courier.retryNow();
  lane.flushSoon();
  return { replayed: outcome, skipped };
}

async function reviveThese(lane: Lane, ids: readonly MessageId[]): Promise<readonly Replayed[]> {
  if (ids.length === 0) return [];
  return (await reviveSome(lane, ids)).map(({ id }) => ({ id }));
}

interface Again {
  readonly old: MessageId;
  readonly message: Message;
  readonly judged: Judged | undefined;
}

function newMessageFor(lane: Lane, row: OutboxMessage, skip: (reason: NotReplayed) => void): readonly Again[] {
  try {
    const message = sayAgain(lane, row);
    maySendNow(lane, message);
    checkRoom(lane);
    const judged = judgeOutbound(lane, message);
    refuseBlocked(judged);
    return [{ old: row.id, message, judged }];
  } catch (error) {
    skip({ id: row.id, code: codeOf(error), message: toMeshError(error).message });
    return [];
  }
}

/** With the time of now, because somebody says it now, and a budget of its own. The idempotency key stays with the first message. */
function sayAgain({ ports, agent, peer }: Lane, row: OutboxMessage): Message {
  if (row.state !== 'refused' && row.state !== 'expired') {
    throw new MeshError('WRONG_STATE', `It is no dead letter: it is ${row.state}`);
  }
  if (row.replayedBy !== undefined) throw new MeshError('WRONG_STATE', `It was sent again as ${row.replayedBy}`);
  const { idempotencyKey: _, budget: __, ...said } = decodeMessage(row.body, ports.limits);
  if (blobsOf(said).length > 0) {
    throw new MeshError('FILE_GONE', 'The files beside it are not kept any more: send a new message with them');
  }
  const { budget } = takeShare(ports, { agent: agent.name, cause: undefined, asked: {} });
  return {
    ...said,
    id: ports.ids.next('msg'),
    from: agent.agentId,
    to: peer,
    timestamp: ports.clock.now(),
    ...(budget === undefined ? {} : { budget }),
    replayOf: said.replayOf ?? row.id,
  };
}

async function storeAgain(lane: Lane, again: readonly Again[]): Promise<readonly Replayed[]> {
  if (again.length === 0) return [];
  const { store, clock } = lane.ports;
  const { name: agent } = lane.agent;
  const at = clock.now();
  await store.transact((tx) => {
    for (const { old, message, judged } of again) {
      const row = outboxRow(lane, message);
      if (judged?.verdict === 'review') insertHeld(lane, tx, { message: row, judged });
      else tx.outbox.insert(row);
      tx.outbox.markReplayed(agent, old, { by: message.id, at });
    }
    const data = {
      peer: lane.peer,
      messages: again.map(({ old }) => old),
      as: again.map(({ message }) => message.id),
    };
    appendAudit(tx.audit, { at, agent, kind: 'message.replayed', data });
  });
  for (const { message, judged } of again) if (judged?.verdict === 'review') tellHeld(lane, { agent, id: message.id });
  const ids = again.flatMap(({ message, judged }) => (judged?.verdict === 'review' ? [] : [message.id]));
  tellLane(lane, ids, { step: 'queued', state: 'queued' });
  return again.map(({ old, message }) => ({ id: old, as: message.id }));
}
