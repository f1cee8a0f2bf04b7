import { defaultLimits } from '#kernel';
import { type AgentId, isName } from '#identity';
import { blobIdBytes } from './blob-shape.ts';
import { FieldReader, type Form } from './field-reader.ts';
import { isLine } from './fields.ts';
import type { HubOperation, MailboxItem, RoomEntry, RoomRoster } from './hub-operation.ts';

/** The place of a cursor in the life of a hub's database. */
export const epochBytes = 16;
export const inviteSecretBytes = 16;

type Name = HubOperation['op'];
type Of<K extends Name> = Extract<HubOperation, { readonly op: K }>;
type Row<K extends Name> = Omit<Form, 'name'> & { read(fields: FieldReader): Of<K> };

/** The operations of chapter 12: their keys, and what each must be. */
export const hubOperationTable: { readonly [K in Name]: Row<K> } = {
  'card.put': {
    required: ['op', 'n', 'card'],
    optional: ['invite'],
    read: (fields) => ({
      op: 'card.put',
      n: fields.count('n'),
      card: fields.bytesUpTo('card', defaultLimits.maxCardBytes),
      ...(fields.has('invite') ? { invite: fields.bytes('invite', inviteSecretBytes) } : {}),
    }),
  },
  'keypackage.put': {
    required: ['op', 'n', 'packages'],
    optional: ['lastResort'],
    read: (fields) => ({
      op: 'keypackage.put',
      n: fields.count('n'),
      packages: fields.bytesList('packages', {
        max: defaultLimits.maxKeyPackagesPerPut,
        maxBytes: defaultLimits.maxKeyPackageBytes,
      }),
      ...(fields.has('lastResort')
        ? { lastResort: fields.bytesUpTo('lastResort', defaultLimits.maxKeyPackageBytes) }
        : {}),
    }),
  },
  directory: {
    required: ['op', 'n'],
    optional: ['search', 'capability', 'after'],
    read: (fields) => ({
      op: 'directory',
      n: fields.count('n'),
      ...(fields.has('search') ? { search: fields.line('search', 100) } : {}),
      ...(fields.has('capability') ? { capability: fields.line('capability', 64) } : {}),
      ...(fields.has('after') ? { after: readName(fields, 'after') } : {}),
    }),
  },
  fetch: {
    required: ['op', 'n', 'after', 'frames', 'bytes', 'waitMs'],
    optional: ['epoch'],
    read: (fields) => ({
      op: 'fetch',
      n: fields.count('n'),
      ...(fields.has('epoch') ? { epoch: fields.bytes('epoch', epochBytes) } : {}),
      after: fields.count('after'),
      frames: fields.count('frames', { min: 1 }),
      bytes: fields.count('bytes', { min: 1 }),
      waitMs: fields.count('waitMs', { max: defaultLimits.maxFetchWaitMs }),
    }),
  },
  ack: {
    required: ['op', 'epoch', 'upTo'],
    read: (fields) => ({ op: 'ack', epoch: fields.bytes('epoch', epochBytes), upTo: fields.count('upTo') }),
  },
  presence: {
    required: ['op', 'n', 'agents'],
    read: (fields) => ({ op: 'presence', n: fields.count('n'), agents: agentList(fields, 'agents') }),
  },
  'blob.put': {
    required: ['op', 'n', 'blob', 'to', 'offset', 'size'],
    optional: ['bytes'],
    read: (fields) => ({
      op: 'blob.put',
      n: fields.count('n'),
      blob: fields.bytes('blob', blobIdBytes),
      to: agentList(fields, 'to'),
      offset: fields.count('offset'),
      size: fields.count('size', { min: 1 }),
      ...(fields.has('bytes') ? { bytes: fields.bytesUpTo('bytes', defaultLimits.blobPieceBytes) } : {}),
    }),
  },
  'blob.drop': {
    required: ['op', 'n', 'blob'],
    read: (fields) => ({ op: 'blob.drop', n: fields.count('n'), blob: fields.bytes('blob', blobIdBytes) }),
  },
  'room.create': {
    required: ['op', 'n', 'room', 'members', 'owners'],
    read: (fields) => ({ op: 'room.create', n: fields.count('n'), room: roomId(fields), ...roster(fields) }),
  },
  'room.members': {
    required: ['op', 'n', 'room', 'members', 'owners'],
    read: (fields) => ({ op: 'room.members', n: fields.count('n'), room: roomId(fields), ...roster(fields) }),
  },
  'room.append': {
    required: ['op', 'n', 'room', 'epoch', 'bytes'],
    read: (fields) => ({
      op: 'room.append',
      n: fields.count('n'),
      room: roomId(fields),
      epoch: fields.count('epoch'),
      bytes: fields.bytesUpTo('bytes', defaultLimits.maxRoomEntryBytes),
    }),
  },
  'room.read': {
    required: ['op', 'n', 'room', 'after'],
    read: (fields) => ({ op: 'room.read', n: fields.count('n'), room: roomId(fields), after: fields.count('after') }),
  },
  done: {
    required: ['op', 'n'],
    optional: ['have'],
    read: (fields) => ({
      op: 'done',
      n: fields.count('n'),
      ...(fields.has('have') ? { have: fields.count('have') } : {}),
    }),
  },
  listing: {
    required: ['op', 'n', 'cards'],
    optional: ['next'],
    read: (fields) => ({
      op: 'listing',
      n: fields.count('n'),
      cards: fields.bytesList('cards', {
        max: defaultLimits.maxCardsPerListing,
        maxBytes: defaultLimits.maxCardBytes,
      }),
      ...(fields.has('next') ? { next: readName(fields, 'next') } : {}),
    }),
  },
  frames: {
    required: ['op', 'n', 'epoch', 'after', 'items', 'more'],
    read: (fields) => ({
      op: 'frames',
      n: fields.count('n'),
      epoch: fields.bytes('epoch', epochBytes),
      after: fields.count('after'),
      items: fields.list('items', defaultLimits.maxFramesPerFetch, readItem),
      more: fields.flag('more'),
    }),
  },
  'presence.is': {
    required: ['op', 'n', 'online'],
    read: (fields) => ({
      op: 'presence.is',
      n: fields.count('n'),
      online: fields.agentIds('online', defaultLimits.maxAgentsPerQuestion),
    }),
  },
  'room.appended': {
    required: ['op', 'n', 'seq'],
    read: (fields) => ({ op: 'room.appended', n: fields.count('n'), seq: fields.count('seq') }),
  },
  'room.taken': {
    required: ['op', 'n', 'seq', 'bytes'],
    read: (fields) => ({
      op: 'room.taken',
      n: fields.count('n'),
      seq: fields.count('seq'),
      bytes: fields.bytesUpTo('bytes', defaultLimits.maxRoomEntryBytes),
    }),
  },
  'room.entries': {
    required: ['op', 'n', 'entries', 'more'],
    read: (fields) => ({
      op: 'room.entries',
      n: fields.count('n'),
      entries: fields.list('entries', defaultLimits.maxEntriesPerRead, readEntry),
      more: fields.flag('more'),
    }),
  },
};

const itemForm: Form = { name: 'frames.items', required: ['cursor', 'at', 'frame'] };

function readItem(value: unknown): MailboxItem {
  const fields = new FieldReader(value, itemForm);
  return {
    cursor: fields.count('cursor'),
    at: fields.count('at'),
    frame: fields.bytesUpTo('frame', defaultLimits.maxHandshakeFrameBytes),
  };
}

const entryForm: Form = { name: 'room.entries.entries', required: ['seq', 'epoch', 'from', 'at', 'bytes'] };

function readEntry(value: unknown): RoomEntry {
  const fields = new FieldReader(value, entryForm);
  return {
    seq: fields.count('seq'),
    epoch: fields.count('epoch'),
    from: fields.agentId('from'),
    at: fields.count('at'),
    bytes: fields.bytesUpTo('bytes', defaultLimits.maxRoomEntryBytes),
  };
}

/** Every owner is a member, there is one at least, and nobody is named twice. */
function roster(fields: FieldReader): RoomRoster {
  const members = agentList(fields, 'members');
  const owners = agentList(fields, 'owners');
  if (!owners.every((owner) => members.includes(owner))) throw fields.wrong('owners', 'must be members');
  return { members, owners };
}

function agentList(fields: FieldReader, key: string): readonly AgentId[] {
  const agents = fields.agentIds(key, defaultLimits.maxAgentsPerQuestion);
  if (agents.length === 0 || new Set(agents).size !== agents.length)
    throw fields.wrong(key, 'must name one agent at least, and none twice');
  return agents;
}

const roomId = (fields: FieldReader): Uint8Array => fields.bytesUpTo('room', defaultLimits.maxRoomIdBytes);

function readName(fields: FieldReader, key: string): string {
  const value = fields.value(key);
  if (isLine(value) && isName(value)) return value;
  throw fields.wrong(key, 'must be a name');
}
