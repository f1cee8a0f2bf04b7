import { BlockList, isIP } from 'node:net';
import { MeshError } from '#kernel';
import { labelOf, type Teammate } from './teammate.ts';

/** Where the gateway of a teammate is called. */
export interface GatewayPlace {
  /** `ws://10.0.0.11:18789` */
  readonly url: string;
  /** It is this machine, or a tunnel that begins here. */
  readonly isLoopback: boolean;
}

/** Of a gateway. */
export const usualPort = 18_789;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Networks that lead nowhere else: RFC 1918, those between carriers and customers that clusters use for pods, and unique local ones. */
const local = new BlockList();
local.addSubnet('10.0.0.0', 8, 'ipv4');
local.addSubnet('172.16.0.0', 12, 'ipv4');
local.addSubnet('192.168.0.0', 16, 'ipv4');
local.addSubnet('100.64.0.0', 10, 'ipv4');
local.addSubnet('fc00::', 7, 'ipv6');

/** `10.0.0.11`, `[fd00::1]` or a name, as it stands in a URL. */
export type HostKind = 'loopback' | 'private' | 'public' | 'name';

/** What a host of a URL is. A name is none of the others, whatever it means today, except localhost. */
export function hostKind(host: string): HostKind {
  if (host.toLowerCase() === 'localhost') return 'loopback';
  const address = host.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address);
  if (family === 0) return 'name';
  // An IPv4 address in IPv6 clothes would be judged by other rules than its connection.
  if (/^::(ffff:)?\d/i.test(address) || /^::ffff:/i.test(address)) return address === '::1' ? 'loopback' : 'public';
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  if (loopback.check(address, kind)) return 'loopback';
  return local.check(address, kind) ? 'private' : 'public';
}

/** Throws TEAM_ADDRESS_MISSING, PLAINTEXT_REFUSED. */
export function gatewayPlaceOf(
  teammate: Teammate,
  { allowPlaintext }: { readonly allowPlaintext: boolean },
): GatewayPlace {
  const text = teammate.url ?? addressUrl(teammate);
  if (text === undefined) {
    throw new MeshError('TEAM_ADDRESS_MISSING', `The registry has no address of ${labelOf(teammate)}`, {
      hint: 'Write its ip into registry.json, or run: mesh team sync',
    });
  }
  const url = new URL(text);
  const kind = hostKind(url.hostname);
  if (url.protocol === 'ws:' && kind !== 'loopback') assertPlaintext({ teammate, url, kind, allowPlaintext });
  return { url: url.href.replace(/\/$/, ''), isLoopback: kind === 'loopback' };
}

function addressUrl({ ip, port = usualPort }: Teammate): string | undefined {
  if (ip === undefined) return undefined;
  return `ws://${isIP(ip) === 6 ? `[${ip}]` : ip}:${port}`;
}

interface Plaintext {
  readonly teammate: Teammate;
  readonly url: URL;
  readonly kind: HostKind;
  readonly allowPlaintext: boolean;
}

function assertPlaintext({ teammate, url, kind, allowPlaintext }: Plaintext): void {
  if (kind === 'private' && allowPlaintext) return;
  const encrypted = `write "url": "wss://${url.host}" into the entry of ${labelOf(teammate)}, and let TLS end at that gateway`;
  const reason =
    kind === 'private'
      ? 'is a private address, for which unencrypted traffic was not allowed'
      : 'is no private address, where unencrypted traffic is never allowed';
  throw new MeshError('PLAINTEXT_REFUSED', `ws://${url.host} of ${labelOf(teammate)} ${reason}`, {
    hint:
      kind === 'private'
        ? `Only in a network that you trust: export OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1. Otherwise ${encrypted}.`
        : `To encrypt it, ${encrypted}.`,
  });
}
