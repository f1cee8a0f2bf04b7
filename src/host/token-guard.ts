import { createHash, timingSafeEqual } from 'node:crypto';
import { MeshError } from '#kernel';

export interface GuardOptions {
  /** At least 16 characters. */
  readonly token: string;
  /** Host headers that are this API, such as `127.0.0.1:8788`. Asked at every request: the port may be known late. */
  allowedHosts(): readonly string[];
}

const shortestToken = 16;

/**
 * Decides from its head whether a request may go on. Throws FORBIDDEN_ORIGIN for another Host (a name that was rebound
 * to this machine) or a foreign Origin (a web page), and UNAUTHORIZED.
 */
export function createGuard({ token, allowedHosts }: GuardOptions): (headers: Headers) => void {
  if (token.length < shortestToken) {
    throw new MeshError('INVALID_ARGUMENT', `The API token has ${token.length} characters, it needs ${shortestToken}`);
  }
  const expected = digestOf(token);
  return (headers) => {
    const hosts = allowedHosts();
    checkHost(headers.get('host'), hosts);
    checkOrigin(headers.get('origin'), hosts);
    const given = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
    if (given === undefined || !timingSafeEqual(digestOf(given), expected)) throw new MeshError('UNAUTHORIZED');
  };
}

/** What browsers and programs on this machine call a server on loopback. */
export function loopbackHosts(port: number): readonly string[] {
  return ['127.0.0.1', 'localhost', '[::1]'].flatMap((name) =>
    port === 80 ? [name, `${name}:80`] : [`${name}:${port}`],
  );
}

function checkHost(host: string | null, allowed: readonly string[]): void {
  if (host !== null && allowed.includes(host.toLowerCase())) return;
  throw new MeshError('FORBIDDEN_ORIGIN', `The Host header ${shown(host)} is not one of this API`);
}

function checkOrigin(origin: string | null, allowed: readonly string[]): void {
  if (origin === null) return;
  if (allowed.some((host) => origin.toLowerCase() === `http://${host}`)) return;
  throw new MeshError('FORBIDDEN_ORIGIN', `The Origin ${shown(origin)} may not use this API`);
}

const shown = (text: string | null): string => JSON.stringify((text ?? '').slice(0, 100));

/** Digests have one length, so that the comparison takes one time whatever was given. */
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
