import { createHash } from 'node:crypto';
import {
  concatBytes,
  copyBytes,
  encodeCbor,
  equalBytes,
  type ErrorCode,
  fromBase64url,
  MeshError,
  toBase64url,
} from '#kernel';
import { type AgentId, isEndpoint, isName } from '#identity';
import { FieldReader, type Form } from './field-reader.ts';
import { decodeStrictCbor } from './strict-cbor.ts';

export type InviteId = `inv_${string}`;

/** What `mesh invite` hands out (spec §4.4): where an agent is and a secret that is its approval, once. */
export interface Invite {
  readonly id: InviteId;
  readonly agentId: AgentId;
  /** What the agent calls itself. */
  readonly name: string;
  /** Endpoints where it can be reached, at most 8. */
  readonly routes: readonly string[];
  /** 16 bytes. */
  readonly secret: Uint8Array;
  /** ms since 1970. */
  readonly expiresAt: number;
}

const scheme = 'mesh:';
const checksumBytes = 4;
const secretBytes = 16;
const maxRoutes = 8;
const maxTextCharacters = 16_384;

const form: Form = { name: 'invite', required: ['id', 'agentId', 'name', 'routes', 'secret', 'expiresAt'] };

/** One line that begins with `mesh:`. Throws INVALID_ARGUMENT for a field that breaks a rule of spec §4.4. */
export function encodeInvite(invite: Invite): string {
  const content = encodeCbor(readInvite(invite, 'INVALID_ARGUMENT'));
  return scheme + toBase64url(concatBytes(content, checksumOf(content)));
}

/**
 * Takes what people paste, white space and line breaks included. Throws INVITE_INVALID; whether it has expired is for
 * the caller.
 */
export function decodeInvite(text: string): Invite {
  if (text.length > maxTextCharacters) throw invalid('it is longer than any invite');
  const compact = text.replace(/\s+/g, '');
  if (!compact.startsWith(scheme)) throw invalid('it does not begin with mesh:');
  const bytes = bytesOf(compact.slice(scheme.length));
  const end = bytes.length - checksumBytes;
  const content = bytes.subarray(0, Math.max(end, 0));
  if (end <= 0 || !equalBytes(checksumOf(content), copyBytes(bytes.subarray(end)))) {
    throw invalid('a part of it is missing or was changed');
  }
  try {
    return readInvite(decodeStrictCbor(content), 'MALFORMED');
  } catch {
    throw invalid('its content has another form');
  }
}

function bytesOf(text: string): Uint8Array {
  try {
    return fromBase64url(text);
  } catch {
    // The decoder's message may quote the text, which holds the secret: it is not passed on.
    throw invalid('a part of it is missing or was changed');
  }
}

function checksumOf(content: Uint8Array): Uint8Array {
  return copyBytes(createHash('sha256').update(content).digest().subarray(0, checksumBytes));
}

function readInvite(value: unknown, code: ErrorCode): Invite {
  const fields = new FieldReader(value, form, code);
  const name = fields.value('name');
  if (!isName(name)) throw fields.wrong('name', 'must be a name of 1 to 63 characters of a-z 0-9 . _ -');
  const routes = fields.list('routes', maxRoutes, (entry) => {
    if (typeof entry === 'string' && isEndpoint(entry)) return entry;
    throw fields.wrong('routes', 'must hold http(s) URLs');
  });
  return {
    id: fields.id('id', 'inv'),
    agentId: fields.agentId('agentId'),
    name,
    routes,
    secret: fields.bytes('secret', secretBytes),
    expiresAt: fields.count('expiresAt'),
  };
}

const invalid = (why: string): MeshError => new MeshError('INVITE_INVALID', `This is not a whole invite: ${why}`);
