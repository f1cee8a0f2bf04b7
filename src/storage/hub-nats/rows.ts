import type { AgentId } from '#identity';
import { bytes, type Fields, idIn, int, intIn, list, text, texts } from './fields.ts';

export interface InviteRow {
  readonly note: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export const inviteRowIn = (fields: Fields): InviteRow => ({
  note: text(fields, 'note'),
  createdAt: int(fields, 'createdAt'),
  expiresAt: int(fields, 'expiresAt'),
});

/** Ids as they were when the roster was written. */
export interface RoomRow {
  readonly creator: AgentId;
  readonly createdAt: number;
  readonly members: readonly AgentId[];
  readonly owners: readonly AgentId[];
  readonly rowSeq: number;
}

export const roomFields = ({ creator, createdAt, members, owners }: Omit<RoomRow, 'rowSeq'>): Fields => ({
  creator,
  createdAt,
  members,
  owners,
});

export const roomRowIn = (fields: Fields, rowSeq: number): RoomRow => ({
  creator: idIn(fields, 'creator'),
  createdAt: int(fields, 'createdAt'),
  members: texts(fields, 'members').map((id) => id as AgentId),
  owners: texts(fields, 'owners').map((id) => id as AgentId),
  rowSeq,
});

export interface BlobRow {
  readonly name: string;
  readonly blob: Uint8Array;
  readonly owner: AgentId;
  readonly readers: readonly AgentId[];
  readonly size: number;
  readonly isComplete: boolean;
  readonly usedAt: number;
  /** The directory's sequence when it was put: of an owner who was evicted later it is not kept. */
  readonly putAt: number;
}

export const blobFields = ({ blob, owner, readers, size, isComplete, usedAt, putAt }: BlobRow): Fields => ({
  blob,
  owner,
  readers,
  size,
  isComplete: Number(isComplete),
  usedAt,
  putAt,
});

export const blobRowIn = (fields: Fields, name: string): BlobRow => ({
  name,
  blob: bytes(fields, 'blob'),
  owner: idIn(fields, 'owner'),
  readers: texts(fields, 'readers').map((id) => id as AgentId),
  size: int(fields, 'size'),
  isComplete: int(fields, 'isComplete') === 1,
  usedAt: int(fields, 'usedAt'),
  putAt: int(fields, 'putAt'),
});

/** A life of the data: from where on, in each stream of mailboxes, its places begin. */
export interface EpochRow {
  readonly id: Uint8Array;
  readonly key: string;
  readonly starts: readonly number[];
  readonly rowSeq: number;
}

export const epochFields = (id: Uint8Array, starts: readonly number[]): Fields => ({ id, starts });

export const epochRowIn = (fields: Fields, key: string, rowSeq: number): EpochRow => ({
  id: bytes(fields, 'id'),
  key,
  starts: list(fields, 'starts').map((start) => intIn(start, 'starts')),
  rowSeq,
});
