import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { OutboxMessage, OutboxState } from '#delivery';
import { trusts } from './base.ts';
import { type Said, secretPrefix } from './ledger.ts';
import { aboutOf, nameOf } from './judge.ts';
import type { Machine } from './machine.ts';
import type { Deed } from './truth.ts';
import { pairKey, type World } from './world.ts';

/** What a node has left to do for a peer, by the names of its queues. */
const queues: Readonly<Record<string, string>> = {
  'messages that wait to be sealed': 'SELECT lane FROM outbox WHERE frame IS NULL AND ended IS NULL',
  'frames that nobody acknowledged': 'SELECT lane FROM frame WHERE open = 1',
  'bytes of frames that are over': `SELECT f.lane FROM frame_bytes b LEFT JOIN frame f ON f.no = b.frame AND f.open = 1
    WHERE f.no IS NULL`,
  'receipts that were not sent': 'SELECT lane FROM receipt',
  'messages for its program': 'SELECT lane FROM inbox_state WHERE phase % 4 < 3 AND phase < 8',
};

export interface Left {
  readonly name: string;
  readonly peer: string;
  readonly what: string;
  readonly count: number;
}

/** What is not done yet between agents that trust each other. What is for others waits for a decision of people. */
export function leftIn(world: World): readonly Left[] {
  const left = world.machines.flatMap((machine) =>
    Object.entries(queues).flatMap(([what, sql]) => {
      const rows = machine.disk.query(
        `SELECT l.peer, count(*) AS n FROM (${sql}) q LEFT JOIN lane l ON l.no = q.lane GROUP BY 1`,
      );
      return rows.flatMap(({ peer, n }) => {
        const owner = world.ownerOf(String(peer) as AgentId);
        const left = { name: machine.name, peer: owner ?? String(peer), what, count: Number(n) };
        return owner === undefined || areFriends(machine, world.machine(owner)) ? [left] : [];
      });
    }),
  );
  return [...left, ...mailIn(world)];
}

const areFriends = (one: Machine, other: Machine): boolean => trusts(one, other) && trusts(other, one);

/** Everything is over: is every message where it says it is, and handled once? */
export function judgeAll(world: World): void {
  const { judge } = world;
  for (const { name, peer, what, count } of leftIn(world))
    judge.blame('rest', [name, peer], `${name} has ${count} ${what} of ${peer}, and nothing moves any more`);
  judgeHubs(world);
  const outboxes = new Map(world.machines.map((machine) => [machine.name, rowsOf(machine)]));
  for (const machine of world.machines) {
    for (const { id, state, reason } of outboxes.get(machine.name)?.values() ?? [])
      judge.claim(machine, { id, state, reason, way: 'answer' });
  }
  for (const said of world.ledger.said) if (judge.violation === undefined) judgeSaid(world, said, outboxes);
}

/** A hub can read nothing of what it keeps. */
function judgeHubs({ hubs, judge }: World): void {
  for (const { name, disk } of hubs) {
    if (Buffer.from(disk.copy().bytes).includes(secretPrefix))
      judge.blame('secrecy', [name], `${name} has the text of a message in its database`);
  }
}

/** Frames at hubs for those who take what is kept for them there. */
function mailIn({ hubs, machines }: World): readonly Left[] {
  return hubs.flatMap(({ name, disk, self }) =>
    disk.query(mailLeft).flatMap(({ member, n }) => {
      const owner = machines.find((machine) => machine.name === member);
      const uses = owner?.host.hubs.memberships.some(({ membership }) => membership.address.hub === self.agentId);
      return uses === true ? [{ name, peer: String(member), what: 'frames in the mailbox', count: Number(n) }] : [];
    }),
  );
}

const mailLeft = 'SELECT a.name AS member, count(*) AS n FROM frame f JOIN agent a ON a.no = f.agent GROUP BY a.no';

type Outboxes = ReadonlyMap<string, ReadonlyMap<string, OutboxMessage>>;

function rowsOf(machine: Machine): ReadonlyMap<string, OutboxMessage> {
  const rows = machine.composed.parts.store.read.outbox.list({ agent: machine.name, limit: 1_000_000 });
  return new Map(rows.map((row) => [row.id, row]));
}

/** What happened to the two ends that excuses what would be wrong otherwise. */
interface Excuses {
  /** People changed what the two are to each other. */
  readonly changed: boolean;
  readonly senderRestored: boolean;
  readonly receiverRestored: boolean;
}

function excusesFor(world: World, { from, to, askedAt }: Said): Excuses {
  const after = (at: number | undefined): boolean => at !== undefined && at >= askedAt;
  return {
    changed: after(world.changedAt.get(pairKey(from, to))),
    senderRestored: after(world.restoredAt.get(from)),
    receiverRestored: after(world.restoredAt.get(to)),
  };
}

function judgeSaid(world: World, said: Said, outboxes: Outboxes): void {
  const { ledger, judge } = world;
  const excuses = excusesFor(world, said);
  const blame = (rule: string, text: string): void => judge.blame(rule, aboutOf(said), text);
  const { id, from, outcome } = said;
  const isStored = id !== undefined && ledger.truthOf(id).standing('said', from).length > 0;
  if (outcome === 'rejected' && isStored)
    blame('truth', `${nameOf(said)} was rejected (${said.code}) and is in the outbox all the same`);
  if (outcome === 'accepted' && !isStored && !excuses.senderRestored)
    blame('durability', `${nameOf(said)} was accepted and is not in the outbox of ${from}`);
  // One that was repeated is judged as the first of them.
  if (!isStored || ledger.byId(id) !== said) return;
  const row = outboxes.get(from)?.get(id);
  if (row === undefined) blame('durability', `${nameOf(said)} is gone from the outbox of ${from}`);
  else judgeEnd(world, said, { row, excuses });
}

/** What came of a message in the end: as its sender shows it, and as it is at the other side. */
interface End {
  readonly said: Said;
  readonly state: OutboxState;
  readonly reason: string | undefined;
  readonly excuses: Excuses;
  readonly isTaken: boolean;
  readonly isHandled: boolean;
  /** Why it was given up there. */
  readonly buried: ErrorCode | undefined;
  blame(rule: string, text: string): void;
}

function judgeEnd(world: World, said: Said, found: { readonly row: OutboxMessage; readonly excuses: Excuses }): void {
  const { judge, ledger } = world;
  const { row, excuses } = found;
  const truth = ledger.truthOf(row.id);
  const isThere = (kind: Deed['kind']): boolean => truth.standing(kind, said.to).length > 0;
  const end: End = {
    said,
    state: row.state,
    reason: row.reason,
    excuses,
    isTaken: isThere('taken'),
    isHandled: isThere('handled'),
    buried: truth
      .standing('buried', said.to)
      .flatMap(({ deed }) => (deed.kind === 'buried' ? [deed.reason] : []))
      .at(-1),
    blame: (rule, text) => judge.blame(rule, aboutOf(said), `${nameOf(said)} ${text}`),
  };
  const times = truth.facts.filter(({ deed, isDurable }) => deed.kind === 'handled' && isDurable).length;
  if (times > 1 && !excuses.receiverRestored) end.blame('once', 'was handled more than once');
  // What one does not take from the other waits for a decision of people.
  const areFree = !areFriends(world.machine(said.from), world.machine(said.to));
  if (excuses.changed || excuses.receiverRestored || (isOpen(end) && areFree)) return;
  if (end.isTaken && !end.isHandled && end.buried === undefined)
    end.blame('once', `is in the inbox of ${said.to} and was never handled`);
  if (mayHaveForgotten(end)) return;
  if (end.isTaken) judgeTaken(end);
  else if (!hasTwin(world, said)) judgeLost(end);
}

const isOpen = ({ state }: End): boolean => state === 'queued' || state === 'sent' || state === 'stored';
const shownIn = ({ state, reason }: End): string => (reason === undefined ? state : `${state} (${reason})`);

/** A node that was set back may have forgotten what it was told, and is not told again. */
const mayHaveForgotten = (end: End): boolean =>
  end.excuses.senderRestored && (isOpen(end) || end.state === 'delivered' || end.state === 'expired');

function judgeTaken(end: End): void {
  const { said, state, isHandled, buried, blame } = end;
  const isBuried = buried !== undefined;
  const isTold = isBuried && isToldOf(end, buried);
  // Somebody may answer by hand what the program gave up, and a refusal is final.
  const isShown = state === 'seen' || state === 'answered' || (isBuried && isTold);
  if (isHandled && !isShown) blame('truth', `was handled, and its sender sees it as ${shownIn(end)}`);
  if (isBuried && !isHandled && !isTold)
    blame('truth', `was given up by ${said.to}, and its sender sees it as ${shownIn(end)}`);
}

/** The sender knows of it: of a time that was over always, of a program that failed when it waits for an answer. */
function isToldOf({ said, state, reason }: End, buried: ErrorCode): boolean {
  if (buried === 'EXPIRED') return state === 'expired';
  return said.type === 'request' ? state === 'refused' && reason === 'HANDLER_FAILED' : state === 'seen';
}

function judgeLost(end: End): void {
  const { state, blame } = end;
  if (isOpen(end)) blame('liveness', `is ${state} for ever`);
  else if (state !== 'refused' && state !== 'expired')
    blame('truth', `never arrived, and its sender sees it as ${shownIn(end)}`);
}

/** Another one with the same key counts in its place. */
const hasTwin = ({ ledger }: World, said: Said): boolean =>
  ledger.twinsOf(said).some(({ id }) => id !== undefined && ledger.truthOf(id).ever('taken', said.to));
