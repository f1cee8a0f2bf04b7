import type { DeadLetterQuery, InboxMessage, OutboxMessage } from '#delivery';
import { isId, MeshError } from '#kernel';
import type { AgentHost } from '../agent-host.ts';
import { idPrefixOf, only } from './find.ts';

/** One dead letter: what was sent, or what came in. */
export type DeadLetter =
  | { readonly box: 'outbox'; readonly row: OutboxMessage }
  | { readonly box: 'inbox'; readonly row: InboxMessage };

export interface DeadChoice extends Omit<DeadLetterQuery, 'limit' | 'belowSeq'> {
  readonly box?: DeadLetter['box'];
}

/** All that the choice means, newest first in each box, so many at once as may be in one transaction. */
export function* deadPages(host: AgentHost, choice: DeadChoice): Generator<readonly DeadLetter[], void, undefined> {
  const { store, limits } = host.desk.ports;
  const { box, ...query } = choice;
  const { outbox, inbox } = store.read;
  const page = { ...query, limit: limits.replayedAtOnce };
  if (box !== 'inbox') yield* pages((belowSeq) => outbox.deadLetters({ ...page, belowSeq }).map(sent), page.limit);
  if (box !== 'outbox') yield* pages((belowSeq) => inbox.deadLetters({ ...page, belowSeq }).map(came), page.limit);
}

const sent = (row: OutboxMessage): DeadLetter => ({ box: 'outbox', row });
const came = (row: InboxMessage): DeadLetter => ({ box: 'inbox', row });

function* pages(
  read: (belowSeq: number) => readonly DeadLetter[],
  size: number,
): Generator<readonly DeadLetter[], void, undefined> {
  let belowSeq = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const page = read(belowSeq);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < size) return;
    belowSeq = last.row.seq;
  }
}

/** The dead letter with this id, or an unambiguous beginning of it. Throws NOT_FOUND, AMBIGUOUS, and WRONG_STATE for one that is none. */
export function deadLetterNamed(host: AgentHost, text: string): DeadLetter {
  const { inbox, outbox } = host.desk.ports.store.read;
  const { name } = host.agent;
  const found = isId('msg', text)
    ? [outbox.message(name, text)]
        .map((row) => row && sent(row))
        .concat([inbox.message(name, text)].map((row) => row && came(row)))
    : prefixed(host, text);
  const known = found.filter((one) => one !== undefined);
  const dead = known.filter(isDead);
  if (dead.length > 0)
    return only(
      dead.map((letter) => ({ id: letter.row.id, letter })),
      { text, where: 'dead' },
    ).letter;
  const [other] = known;
  if (other === undefined) return missing(text);
  throw notDead(other);
}

function notDead(other: DeadLetter): MeshError {
  const { id, state } = other.row;
  if (other.box === 'inbox') {
    const hint = `Read it with: mesh read ${id}`;
    return new MeshError('WRONG_STATE', `The message ${id} is no dead letter: it is ${state}`, { hint });
  }
  const { replayedBy } = other.row;
  const why = replayedBy === undefined ? `it is ${state}` : `it was said again by ${replayedBy}`;
  const hint = `See what became of it: mesh track ${replayedBy ?? id}`;
  return new MeshError('WRONG_STATE', `The message ${id} is no dead letter: ${why}`, { hint });
}

function prefixed(host: AgentHost, text: string): readonly DeadLetter[] {
  const prefix = idPrefixOf(text) ?? missing(text);
  const { inbox, outbox } = host.desk.ports.store.read;
  const { name } = host.agent;
  return [...outbox.messagesByPrefix(name, prefix).map(sent), ...inbox.messagesByPrefix(name, prefix).map(came)];
}

const deadStates: ReadonlySet<string> = new Set(['refused', 'expired', 'dead']);

const isDead = (letter: DeadLetter): boolean =>
  deadStates.has(letter.row.state) && (letter.box === 'inbox' || letter.row.replayedBy === undefined);

function missing(text: string): never {
  const shown = JSON.stringify(text.slice(0, 80));
  throw new MeshError('NOT_FOUND', `No dead letter ${shown}`, { hint: 'List them with: mesh dead' });
}
