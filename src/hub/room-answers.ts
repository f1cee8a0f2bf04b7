import type { AgentId } from '#identity';
import { MeshError } from '#kernel';
import type { ServiceAnswer, ServiceQuestion, WithoutNumber } from '#link';
import type { HubParts } from './hub-parts.ts';
import type { RoomBounds } from './store.ts';

type RoomQuestion = Extract<ServiceQuestion, { readonly op: `room.${string}` }>;

export const isRoomQuestion = (question: ServiceQuestion): question is RoomQuestion => question.op.startsWith('room.');

/** Room in an answer beside the entries, and around each of them. */
const aroundBytes = 2048;
const entryBytes = 160;

/** What a member asks about rooms (spec §12.8). */
export async function answerRoom(
  question: RoomQuestion,
  by: AgentId,
  { store, clock, limits }: HubParts,
): Promise<WithoutNumber<ServiceAnswer>> {
  const { room } = question;
  const bounds: RoomBounds = {
    maxRoomsPerAgent: limits.maxRoomsPerAgent,
    maxEntries: limits.maxRoomEntries,
    maxBytes: limits.maxRoomBytes,
  };
  switch (question.op) {
    case 'room.create': {
      const { members, owners } = question;
      if (!owners.includes(by)) throw new MeshError('NOT_PERMITTED', 'Who makes a room is one of its owners');
      await store.rooms.create({ room, by, roster: { members, owners }, at: clock.now(), bounds });
      return { op: 'done' };
    }
    case 'room.members': {
      const { members, owners } = question;
      await store.rooms.change({ room, by, roster: { members, owners } });
      return { op: 'done' };
    }
    case 'room.append': {
      const { epoch, bytes } = question;
      const appended = await store.rooms.append({ room, from: by, epoch, bytes, at: clock.now(), bounds });
      const { seq } = appended;
      return appended.kind === 'appended'
        ? { op: 'room.appended', seq }
        : { op: 'room.taken', seq, bytes: appended.bytes };
    }
    case 'room.read': {
      const limit = limits.maxEntriesPerRead;
      const maxBytes = limits.maxHandshakeFrameBytes - aroundBytes - limit * entryBytes;
      return { op: 'room.entries', ...(await store.rooms.read({ room, by, after: question.after, limit, maxBytes })) };
    }
  }
}
