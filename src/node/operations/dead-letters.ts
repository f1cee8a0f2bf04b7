import type { Input, Operations, Output } from '#api';
import { isErrorCode, MeshError } from '#kernel';
import { appendAudit } from '#audit';
import type { DeadLetterCount, FileDirection, InboxMessage, OutboxMessage } from '#delivery';
import { grantRoot, replayMessages } from '#pipeline';
import { decodeMessage, type MessageId } from '#protocol';
import type { AgentHost } from '../agent-host.ts';
import { hostNamed, type NodeParts } from '../parts.ts';
import { contactOf } from './messages.ts';
import { type DeadChoice, type DeadLetter, deadLetterNamed, deadPages } from './select-dead.ts';
import { inboundStepsOf, stepsOf } from './steps.ts';
import { defined } from './defined.ts';
import { peerOf } from './peer-of.ts';
import { payloadView } from './views.ts';

type DeadOperations = Pick<Operations, 'deadLetters' | 'deadLetter' | 'replayDead' | 'purgeDead'>;
type Letter = Output<'deadLetters'>['letters'][number];
type Replay = Output<'replayDead'>;

const defaultPage = 50;
const dayMs = 86_400_000;
/** As many are named in an answer or in an audit entry; the rest is counted. */
const named = 256;

/** Messages that were given up on, in both directions (spec 11.5): to look at, to send or offer again, to forget. */
export function deadLetterOperations(parts: NodeParts): DeadOperations {
  return {
    async deadLetters(input) {
      const host = hostNamed(parts, input.agent);
      const { box, ...query } = { ...choiceOf(host, input), limit: input.limit ?? defaultPage };
      const { inbox, outbox } = parts.store.read;
      const letters = [
        ...(box === 'inbox' ? [] : outbox.deadLetters(query).map((row) => outboxLetter(parts, host, row))),
        ...(box === 'outbox' ? [] : inbox.deadLetters(query).map((row) => inboxLetter(parts, host, row))),
      ];
      const counts = [
        ...outbox.deadCounts(host.agent.name).map((count) => countView(host, 'outbox', count)),
        ...inbox.deadCounts(host.agent.name).map((count) => countView(host, 'inbox', count)),
      ];
      return { letters: letters.toSorted((a, b) => b.at - a.at).slice(0, query.limit), counts };
    },

    async deadLetter(input) {
      const host = hostNamed(parts, input.agent);
      const { box, row } = deadLetterNamed(host, input.id);
      return box === 'outbox'
        ? { ...outboxLetter(parts, host, row), steps: [...stepsOf(row)] }
        : { ...inboxLetter(parts, host, row), steps: [...inboundStepsOf(row)] };
    },

    async replayDead(input) {
      const host = hostNamed(parts, input.agent);
      let count = 0;
      const replayed: Replay['replayed'][number][] = [];
      const skipped: Replay['skipped'][number][] = [];
      for (const page of chosenPages(host, input)) {
        const sent = await replaySent(host, page);
        const again = [...sent.replayed, ...(await offerAgain(parts, host, page))];
        count += again.length;
        replayed.push(...again.slice(0, Math.max(0, named - replayed.length)));
        skipped.push(...sent.skipped.slice(0, Math.max(0, named - skipped.length)));
      }
      return { count, replayed, skipped };
    },

    async purgeDead(input) {
      const host = hostNamed(parts, input.agent);
      let purged = 0;
      let kept = 0;
      for (const page of chosenPages(host, input)) {
        const gone = await purge(parts, host, page);
        purged += gone;
        kept += page.length - gone;
      }
      return { purged, kept };
    },
  };
}

function choiceOf(host: AgentHost, input: Pick<Input<'replayDead'>, 'box' | 'peer' | 'reason' | 'before'>): DeadChoice {
  const { box, peer, reason, before } = input;
  if (reason !== undefined && !isErrorCode(reason)) {
    throw new MeshError('INVALID_ARGUMENT', `${JSON.stringify(reason)} is no error code`, {
      hint: 'Write one of those that mesh dead lists, such as EXPIRED, UNREACHABLE or HANDLER_FAILED.',
    });
  }
  const agentId = peer === undefined ? undefined : contactOf(host, peer).agentId;
  return { agent: host.agent.name, ...defined({ box, peer: agentId, reason, before }) };
}

/** Nothing that was named must not mean everything. */
function chosenPages(host: AgentHost, input: Input<'replayDead'>): Iterable<readonly DeadLetter[]> {
  const { ids, all, box, peer, reason, before } = input;
  if (ids !== undefined) return [ids.map((id) => deadLetterNamed(host, id))];
  if ([all, box, peer, reason, before].some((field) => field !== undefined))
    return deadPages(host, choiceOf(host, input));
  throw new MeshError('INVALID_ARGUMENT', 'Which dead letters is not said', {
    hint: 'Name them by id, narrow them by contact, reason or age, or ask for all: mesh dead --help',
  });
}

async function replaySent(host: AgentHost, page: readonly DeadLetter[]): Promise<Pick<Replay, 'replayed' | 'skipped'>> {
  const rows = page.flatMap((letter) => (letter.box === 'outbox' ? [letter.row] : []));
  const replayed: Replay['replayed'][number][] = [];
  const skipped: Replay['skipped'][number][] = [];
  for (const [peer, ofPeer] of Map.groupBy(rows.toReversed(), (row) => row.peer)) {
    const outcome = await replayMessages(
      host.lane(peer),
      ofPeer.map(({ id }) => id),
    );
    replayed.push(...outcome.replayed.map((one) => ({ box: 'outbox' as const, ...one })));
    skipped.push(...outcome.skipped.map((one) => ({ box: 'outbox' as const, ...one })));
  }
  return { replayed, skipped };
}

/** To the agent's program, from the first attempt on; what expired may be acted on for a day more, because its owner says so. */
async function offerAgain(parts: NodeParts, host: AgentHost, page: readonly DeadLetter[]): Promise<Replay['replayed']> {
  const ids = idsOf(page, 'inbox');
  if (ids.length === 0) return [];
  const agent = host.agent.name;
  const at = parts.clock.now();
  const offered = await parts.store.transact((tx) => {
    for (const letter of page) {
      if (letter.box === 'inbox' && letter.row.reason === 'BUDGET_EXHAUSTED')
        grantRoot(host.desk.ports, tx, letter.row);
    }
    const done = ids.filter((id) => tx.inbox.offerAgain(agent, id, at + dayMs));
    auditIds(done, (messages) => appendAudit(tx.audit, { at, agent, kind: 'dead.offered', data: { messages } }));
    return done;
  });
  host.runner.wake();
  return offered.map((id) => ({ box: 'inbox' as const, id }));
}

/** Returns how many are gone. */
async function purge(parts: NodeParts, host: AgentHost, page: readonly DeadLetter[]): Promise<number> {
  const agent = host.agent.name;
  const at = parts.clock.now();
  return parts.store.transact((tx) => {
    const gone = [
      ...tx.outbox.purgeDead(agent, idsOf(page, 'outbox')),
      ...tx.inbox.purgeDead({ agent }, idsOf(page, 'inbox')),
    ];
    auditIds(gone, (messages) => appendAudit(tx.audit, { at, agent, kind: 'dead.purged', data: { messages } }));
    return gone.length;
  });
}

function auditIds(ids: readonly MessageId[], append: (some: readonly MessageId[]) => unknown): void {
  for (let start = 0; start < ids.length; start += named) append(ids.slice(start, start + named));
}

const idsOf = (page: readonly DeadLetter[], box: DeadLetter['box']): readonly MessageId[] =>
  page.filter((letter) => letter.box === box).map(({ row }) => row.id);

function outboxLetter(parts: NodeParts, host: AgentHost, row: OutboxMessage): Letter {
  const at = row.state === 'dead' ? (row.givenUpAt ?? row.createdAt) : (row.endedAt ?? row.createdAt);
  return {
    box: 'outbox',
    ...letterOf(host, 'out', { ...row, peer: row.peer }),
    reason: row.reason ?? 'EXPIRED',
    at,
    madeAt: row.createdAt,
    keptUntil: (row.state === 'dead' ? row.expiresAt : at) + parts.limits.retentionMs,
    replay: row.state === 'dead' ? 'by itself' : 'by hand',
  };
}

function inboxLetter(parts: NodeParts, host: AgentHost, row: InboxMessage): Letter {
  const at = row.deadAt ?? row.receivedAt;
  return {
    box: 'inbox',
    ...letterOf(host, 'in', { ...row, peer: row.sender }),
    reason: row.reason ?? 'HANDLER_FAILED',
    ...defined({ error: row.error }),
    at,
    madeAt: row.receivedAt,
    keptUntil: row.receivedAt + parts.limits.retentionMs,
    replay: 'by hand',
  };
}

type Common = Pick<OutboxMessage, 'id' | 'peer' | 'type' | 'priority' | 'body' | 'expiresAt' | 'attempts'>;

function letterOf(
  host: AgentHost,
  direction: FileDirection,
  { id, peer, type, priority, body, expiresAt, attempts }: Common,
) {
  const { payload } = decodeMessage(body);
  return {
    id,
    ...peerOf(host, peer),
    type,
    priority,
    ...payloadView(host, payload, { direction, peer, id }),
    expiresAt,
    attempts,
  };
}

function countView(host: AgentHost, box: DeadLetter['box'], { peer, reason, count }: DeadLetterCount) {
  return { box, ...peerOf(host, peer), reason, count };
}
