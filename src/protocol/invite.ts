import { encodeCbor, type ErrorCode } from '#kernel';
import { type AgentId, isEndpoint, isName } from '#identity';
import { FieldReader, type Form } from './field-reader.ts';
import { decodeInviteText, encodeInviteText, invalidInvite } from './invite-text.ts';
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
const secretBytes = 16;
const maxRoutes = 8;

const form: Form = { name: 'invite', required: ['id', 'agentId', 'name', 'routes', 'secret', 'expiresAt'] };

/** One line that begins with `mesh:`. Throws INVALID_ARGUMENT for a field that breaks a rule of spec §4.4. */
export function encodeInvite(invite: Invite): string {
  return encodeInviteText(scheme, encodeCbor(readInvite(invite, 'INVALID_ARGUMENT')));
}

/**
 * Takes what people paste, white space and line breaks included. Throws INVITE_INVALID; whether it has expired is for
 * the caller.
 */
export function decodeInvite(text: string): Invite {
  const content = decodeInviteText(scheme, text);
  try {
    return readInvite(decodeStrictCbor(content), 'MALFORMED');
  } catch {
    throw invalidInvite('its content has another form');
  }
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
