import { MeshError } from '#kernel';
import type { GatewayPlace } from './gateway-address.ts';
import { labelOf, type Teammate } from './teammate.ts';

interface About {
  readonly teammate: Teammate;
  readonly place: GatewayPlace;
  redact(text: string): string;
}

export function gatewayUnreachable({ teammate, place }: About, what: string): MeshError {
  const name = labelOf(teammate);
  const tls = place.url.startsWith('wss:')
    ? '. Is its certificate valid? NODE_EXTRA_CA_CERTS names a file with your own authority.'
    : '';
  return new MeshError('GATEWAY_UNREACHABLE', `The gateway of ${name} at ${place.url} ${what}`, {
    hint: `Does it run there, and is this still its address? ${teammate.name} starts it with: openclaw gateway run. Addresses are fetched with: mesh team sync${tls}`,
  });
}

/** The same as the gateway said, with what to do about a teammate. Never with a token that the gateway repeated. */
export function gatewayRefused({ teammate, place, redact }: About, error: MeshError): MeshError {
  const said = (field: string): string => redact(typeof error.data[field] === 'string' ? error.data[field] : '');
  const reason = said('reason').slice(0, 100);
  const detail = said('detail');
  const hint = hintOf(reason, { teammate, error });
  return new MeshError('GATEWAY_REFUSED', `The gateway of ${labelOf(teammate)} at ${place.url} refused: ${reason}`, {
    data: { reason, detail },
    ...(hint === undefined ? {} : { hint }),
  });
}

interface Refusal {
  readonly teammate: Teammate;
  readonly error: MeshError;
}

function hintOf(reason: string, { teammate, error }: Refusal): string | undefined {
  const { name, emailPrefix } = teammate;
  switch (reason) {
    case 'AUTH_TOKEN_MISMATCH':
    case 'DEVICE_IDENTITY_REQUIRED':
      return `The token of "${emailPrefix}" in tokens.json is not that of this gateway. Ask ${name} for it (gateway.auth.token).`;
    case 'PAIRING_REQUIRED':
      return error.hint;
    case 'SCOPES_MISSING':
    case 'MISSING_SCOPE':
      return `It lets this machine in and allows it nothing. ${name} approves it there: openclaw devices list, openclaw devices approve ID`;
    case 'PROTOCOL_MISMATCH':
      return `Update openclaw on one side: the gateway of ${name} speaks another version of the protocol.`;
    default:
      return `Ask ${name} to look into the log of the gateway: openclaw logs`;
  }
}
