import { encodeCbor, type ErrorCode } from '#kernel';
import { type AgentId, isEndpoint, isName } from '#identity';
import { FieldReader, type Form } from './field-reader.ts';
import { inviteSecretBytes } from './hub-operation-codec.ts';
import { decodeInviteText, encodeInviteText, invalidInvite } from './invite-text.ts';
import { decodeStrictCbor } from './strict-cbor.ts';

/** What an owner of a hub hands out: where the hub is, its key, and a secret that admits one agent (spec §12.3). */
export interface HubInvite {
  readonly hub: AgentId;
  readonly name: string;
  /** Where it is dialled. */
  readonly url: string;
  /** 16 bytes, for `card.put`. */
  readonly secret: Uint8Array;
  /** ms since 1970. */
  readonly expiresAt: number;
}

const scheme = 'mesh-hub:';
const form: Form = { name: 'hub invite', required: ['hub', 'name', 'url', 'secret', 'expiresAt'] };

/** One line that begins with `mesh-hub:`. Throws INVALID_ARGUMENT. */
export function encodeHubInvite(invite: HubInvite): string {
  return encodeInviteText(scheme, encodeCbor(readInvite(invite, 'INVALID_ARGUMENT')));
}

/** Takes what people paste. Throws INVITE_INVALID; whether it has expired is for the caller. */
export function decodeHubInvite(text: string): HubInvite {
  const content = decodeInviteText(scheme, text);
  try {
    return readInvite(decodeStrictCbor(content), 'MALFORMED');
  } catch {
    throw invalidInvite('its content has another form');
  }
}

function readInvite(value: unknown, code: ErrorCode): HubInvite {
  const fields = new FieldReader(value, form, code);
  const name = fields.value('name');
  const url = fields.value('url');
  if (!isName(name)) throw fields.wrong('name', 'must be a name of 1 to 63 characters of a-z 0-9 . _ -');
  if (typeof url !== 'string' || !isEndpoint(url)) throw fields.wrong('url', 'must be an http(s) URL');
  return {
    hub: fields.agentId('hub'),
    name,
    url,
    secret: fields.bytes('secret', inviteSecretBytes),
    expiresAt: fields.count('expiresAt'),
  };
}
