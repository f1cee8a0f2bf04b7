import type { AgentId } from '#identity';
import type { AgentLife, HubAgent } from '#hub';
import {
  bytes,
  bytesIn,
  type Fields,
  idIn,
  int,
  intIn,
  isFields,
  list,
  listIn,
  text,
  textIn,
  texts,
} from './fields.ts';

/** An invite that an agent came in with. */
export interface UsedInvite {
  readonly hash: Uint8Array;
  readonly by: AgentId;
  readonly at: number;
}

/** A member, or somebody who was evicted. */
export interface AgentRow {
  readonly id: AgentId;
  /** Ids that it had before. */
  readonly formers: readonly AgentId[];
  readonly name: string;
  readonly isMember: boolean;
  /** Of its card. */
  readonly seq: number;
  readonly capabilities: readonly string[];
  readonly text: string;
  readonly registeredAt: number;
  readonly life: AgentLife | undefined;
  /** Its mailbox, and those that are still to be emptied into it. */
  readonly box: string;
  readonly joins: readonly string[];
  readonly keys: string;
  /** Rows that this one takes the place of. */
  readonly absorbed: readonly string[];
  readonly invites: readonly UsedInvite[];
  /** Places of before mean nothing in its mailbox: the directory's sequence when another mailbox was joined to it. */
  readonly placesSince: number;
  /** The directory's sequence when it was evicted last: rosters and blobs of before do not name it any more. */
  readonly evictedAt: number;
}

/** As it is stored. The card stays in the bucket: the index has no use for it. */
export interface FullAgentRow extends AgentRow {
  readonly card: Uint8Array;
}

export interface IndexedAgent extends AgentRow {
  readonly key: string;
  /** Where its row with the card lies. */
  readonly rowSeq: number;
}

export function agentFields({ life, invites, isMember, ...row }: FullAgentRow): Fields {
  return {
    ...row,
    isMember: Number(isMember),
    invites: invites.map(({ hash, by, at }) => [hash, by, at]),
    ...(life === undefined ? {} : { life: { number: life.number, id: life.id, encoded: life.encoded } }),
  };
}

export function agentRowIn(fields: Fields): AgentRow {
  const life = fields['life'];
  return {
    id: idIn(fields, 'id'),
    formers: texts(fields, 'formers').map((id) => id as AgentId),
    name: text(fields, 'name'),
    isMember: int(fields, 'isMember') === 1,
    seq: int(fields, 'seq'),
    capabilities: texts(fields, 'capabilities'),
    text: text(fields, 'text'),
    registeredAt: int(fields, 'registeredAt'),
    life: isFields(life)
      ? { number: int(life, 'number'), id: bytes(life, 'id'), encoded: bytes(life, 'encoded') }
      : undefined,
    box: text(fields, 'box'),
    joins: texts(fields, 'joins'),
    keys: text(fields, 'keys'),
    absorbed: texts(fields, 'absorbed'),
    invites: list(fields, 'invites').map(usedIn),
    placesSince: int(fields, 'placesSince'),
    evictedAt: int(fields, 'evictedAt'),
  };
}

export const cardIn = (fields: Fields): Uint8Array => bytes(fields, 'card');

function usedIn(value: unknown): UsedInvite {
  const [hash, by, at] = listIn(value, 'invites');
  return { hash: bytesIn(hash, 'hash'), by: textIn(by, 'by') as AgentId, at: intIn(at, 'at') };
}

export const agentOf = ({ id, name, registeredAt }: AgentRow): HubAgent => ({ agentId: id, name, registeredAt });
