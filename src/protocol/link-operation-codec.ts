import { defaultLimits, encodeCbor, MeshError } from '#kernel';
import { readBlobPiece } from './blob-piece.ts';
import { blobIdBytes } from './blob-shape.ts';
import { FieldReader, type Form } from './field-reader.ts';
import { isMap } from './fields.ts';
import { hubOperationTable } from './hub-operation-codec.ts';
import type { HubOperation } from './hub-operation.ts';
import type { LinkAuth, LinkHello, LinkOperation, LinkOperationName, LinkOperationOf } from './link-operation.ts';
import { decodeStrictCbor } from './strict-cbor.ts';

const maxVersions = 16;
const maxVersion = 0xffff;
const maxAgents = 16;
const maxIncarnationBytes = 512;
const maxHintCharacters = 500;
const maxReceiptBytes = 1024;
const nonceBytes = 32;
const signatureBytes = 64;

/** CBOR map with `op` (spec §6.5). What it holds is not checked: it comes from this node. */
export function encodeLinkOperation(operation: LinkOperation): Uint8Array {
  return encodeCbor(operation);
}

/**
 * Throws MALFORMED, also for an operation that is not known. The frame inside is not looked into. The bytes of a `blob` are those that were
 * given, not a copy.
 */
export function decodeLinkOperation(bytes: Uint8Array): LinkOperation {
  const piece = readBlobPiece(bytes);
  if (piece !== undefined) return checkedPiece(piece);
  const value = decodeStrictCbor(bytes);
  const op = isMap(value) ? value['op'] : undefined;
  if (typeof op !== 'string' || !isKnown(op))
    throw new MeshError('MALFORMED', 'This is not a link operation that is known');
  const { read, ...keys } = table[op];
  return read(new FieldReader(value, { name: op, ...keys }));
}

function checkedPiece(piece: LinkOperationOf<'blob'>): LinkOperation {
  const { length } = piece.bytes;
  if (length >= 1 && length <= defaultLimits.blobPieceBytes) return piece;
  throw new MeshError('MALFORMED', `blob.bytes must be 1 to ${defaultLimits.blobPieceBytes} bytes`);
}

/** True for what only links of version 3 or later know (spec §6.3). */
export function isHubOperation(operation: LinkOperation): operation is HubOperation {
  return Object.hasOwn(hubOperationTable, operation.op);
}

const isKnown = (op: string): op is LinkOperationName => Object.hasOwn(table, op);

interface Row<K extends LinkOperationName> extends Omit<Form, 'name'> {
  read(fields: FieldReader): LinkOperationOf<K>;
}

/** Every operation once: its keys, and what each must be. */
const table: { readonly [K in LinkOperationName]: Row<K> } = {
  ...hubOperationTable,
  hello: { required: ['op', 'versions', 'nonce'], optional: ['to'], read: readHello },
  auth: { required: ['op', 'agentIds', 'signatures', 'rotations'], optional: ['incarnation'], read: readAuth },
  frame: {
    required: ['op', 'frame'],
    read: (fields) => ({ op: 'frame', frame: fields.bytesUpTo('frame', defaultLimits.maxHandshakeFrameBytes) }),
  },
  delivered: { required: ['op', 'frameId'], optional: ['code', 'retryAfterMs'], read: readDelivered },
  stored: {
    required: ['op', 'frameId', 'receipt'],
    read: (fields) => ({
      op: 'stored',
      frameId: fields.id('frameId', 'frm'),
      receipt: fields.bytesUpTo('receipt', maxReceiptBytes),
    }),
  },
  refused: {
    required: ['op', 'frameId', 'code'],
    optional: ['retryAfterMs'],
    read: (fields) => ({
      op: 'refused',
      frameId: fields.id('frameId', 'frm'),
      code: fields.errorCode('code'),
      ...(fields.has('retryAfterMs') ? { retryAfterMs: fields.count('retryAfterMs') } : {}),
    }),
  },
  credit: {
    required: ['op', 'frames', 'bytes'],
    read: (fields) => ({ op: 'credit', frames: fields.count('frames'), bytes: fields.count('bytes') }),
  },
  'card.get': {
    required: ['op', 'n', 'agent'],
    read: (fields) => ({ op: 'card.get', n: fields.count('n'), agent: fields.agentId('agent') }),
  },
  card: {
    required: ['op', 'n', 'agent', 'card'],
    read: (fields) => ({
      op: 'card',
      n: fields.count('n'),
      agent: fields.agentId('agent'),
      card: fields.bytesUpTo('card', defaultLimits.maxCardBytes),
    }),
  },
  'keypackage.take': {
    required: ['op', 'n', 'agent'],
    read: (fields) => ({ op: 'keypackage.take', n: fields.count('n'), agent: fields.agentId('agent') }),
  },
  keypackage: {
    required: ['op', 'n', 'agent', 'bytes'],
    read: (fields) => ({
      op: 'keypackage',
      n: fields.count('n'),
      agent: fields.agentId('agent'),
      bytes: fields.bytesUpTo('bytes', defaultLimits.maxKeyPackageBytes),
    }),
  },
  'blob.get': {
    required: ['op', 'n', 'blob', 'offset', 'bytes', 'have'],
    read: (fields) => ({
      op: 'blob.get',
      n: fields.count('n'),
      blob: fields.bytes('blob', blobIdBytes),
      offset: fields.count('offset'),
      bytes: fields.count('bytes', { min: 1, max: defaultLimits.blobAskBytes }),
      have: fields.count('have'),
    }),
  },
  blob: {
    required: ['op', 'n', 'bytes'],
    read: (fields) => ({
      op: 'blob',
      n: fields.count('n'),
      bytes: fields.bytesUpTo('bytes', defaultLimits.blobPieceBytes),
    }),
  },
  ping: { required: ['op', 'n'], read: (fields) => ({ op: 'ping', n: fields.count('n') }) },
  pong: {
    required: ['op', 'n'],
    optional: ['at'],
    read: (fields) => ({
      op: 'pong',
      n: fields.count('n'),
      ...(fields.has('at') ? { at: fields.count('at') } : {}),
    }),
  },
  error: { required: ['op', 'code'], optional: ['n', 'hint', 'retryAfterMs', 'proof'], read: readError },
};

function readHello(fields: FieldReader): LinkHello {
  const versions = fields.list('versions', maxVersions, (entry) => {
    if (typeof entry === 'number' && Number.isInteger(entry) && entry >= 1 && entry <= maxVersion) return entry;
    throw fields.wrong('versions', `must hold whole numbers from 1 to ${maxVersion}`);
  });
  if (versions.length === 0) throw fields.wrong('versions', 'must not be empty');
  const nonce = fields.bytes('nonce', nonceBytes);
  return { op: 'hello', versions, nonce, ...(fields.has('to') ? { to: fields.agentId('to') } : {}) };
}

function readAuth(fields: FieldReader): LinkAuth {
  const agentIds = fields.agentIds('agentIds', maxAgents);
  const signatures = fields.list('signatures', maxAgents, (entry) => {
    if (entry instanceof Uint8Array && entry.length === signatureBytes) return entry;
    throw fields.wrong('signatures', `must hold byte strings of ${signatureBytes} bytes`);
  });
  if (agentIds.length === 0 || agentIds.length !== signatures.length) {
    throw fields.wrong('signatures', 'must hold one signature for each id, and there must be an id');
  }
  return {
    op: 'auth',
    agentIds,
    signatures,
    rotations: fields.bytesList('rotations', {
      max: defaultLimits.maxRotations,
      maxBytes: defaultLimits.maxRotationBytes,
    }),
    ...(fields.has('incarnation') ? { incarnation: fields.bytesUpTo('incarnation', maxIncarnationBytes) } : {}),
  };
}

function readDelivered(fields: FieldReader): LinkOperationOf<'delivered'> {
  const frameId = fields.id('frameId', 'frm');
  if (fields.has('code') !== fields.has('retryAfterMs')) throw fields.wrong('code', 'must come with retryAfterMs');
  if (!fields.has('code')) return { op: 'delivered', frameId };
  return { op: 'delivered', frameId, code: fields.errorCode('code'), retryAfterMs: fields.count('retryAfterMs') };
}

function readError(fields: FieldReader): LinkOperationOf<'error'> {
  return {
    op: 'error',
    code: fields.errorCode('code'),
    ...(fields.has('n') ? { n: fields.count('n') } : {}),
    ...(fields.has('hint') ? { hint: fields.line('hint', maxHintCharacters) } : {}),
    ...(fields.has('retryAfterMs') ? { retryAfterMs: fields.count('retryAfterMs') } : {}),
    ...(fields.has('proof') ? { proof: fields.bytesUpTo('proof', maxIncarnationBytes) } : {}),
  };
}
