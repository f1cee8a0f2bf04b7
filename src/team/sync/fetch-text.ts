import { type Clock, MeshError } from '#kernel';
import { readBody } from '#runtime';
import { hostKind } from '../gateway-address.ts';
import { within } from '../within.ts';

export interface FetchOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

const maxRedirects = 3;

/** https anywhere, http only to this machine and private addresses. Throws INVALID_ARGUMENT, PLAINTEXT_REFUSED. */
export function parseSourceUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new MeshError('INVALID_ARGUMENT', `${JSON.stringify(text.slice(0, 200))} is not an http(s) address`, {
      hint: 'Write it whole, such as https://example.com/registry.json',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new MeshError('INVALID_ARGUMENT', `The address at ${url.host} holds a user or password`, {
      hint: 'Use a program that fetches it with your credentials: mesh team sync --command PROGRAM',
    });
  }
  if (isAllowed(url)) return url;
  throw new MeshError(
    'PLAINTEXT_REFUSED',
    `${url.origin} would be asked unencrypted: anybody on the way could change the registry`,
    {
      hint: 'Use https://',
    },
  );
}

/** The body of a 200 answer. Throws TEAM_SOURCE_INVALID; rejects with the reason of the signal. */
export async function fetchText(start: URL, options: FetchOptions): Promise<string> {
  const { clock, timeoutMs, signal, maxBytes } = options;
  const late = () => failed(start, `did not answer within ${timeoutMs / 1000} s`);
  return await within({ clock, timeoutMs, signal, late }, async (either) => {
    let url = start;
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const response = await ask(url, either);
      const target = redirectOf(response, url);
      if (target === undefined) return await bodyOf(response, { url, maxBytes });
      await response.body?.cancel();
      url = target;
    }
    throw failed(start, `redirects more than ${maxRedirects} times`);
  });
}

async function ask(url: URL, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { signal, redirect: 'manual', headers: { accept: 'application/json' } });
  } catch {
    signal.throwIfAborted();
    throw failed(url, 'cannot be reached');
  }
}

/** A redirect never leads to a weaker way than the address that was given. */
function redirectOf({ status, headers }: Response, url: URL): URL | undefined {
  const location = headers.get('location');
  if (![301, 302, 303, 307, 308].includes(status) || location === null) return undefined;
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  const isWeaker = url.protocol === 'https:' && target?.protocol !== 'https:';
  if (target !== undefined && !isWeaker && isAllowed(target)) return target;
  throw failed(url, 'redirects to an address that is not encrypted');
}

async function bodyOf(
  response: Response,
  { url, maxBytes }: { readonly url: URL; readonly maxBytes: number },
): Promise<string> {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw failed(url, `answers with status ${response.status}`);
  }
  const { bytes, isWhole } = await readBody(response, maxBytes);
  if (!isWhole) throw failed(url, `answers with more than ${maxBytes} bytes`);
  return Buffer.from(bytes).toString('utf8');
}

const isAllowed = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && ['loopback', 'private'].includes(hostKind(hostname)));

const failed = ({ origin, pathname }: URL, what: string): MeshError =>
  new MeshError('TEAM_SOURCE_INVALID', `${origin}${pathname} ${what}`, {
    hint: 'Nothing was changed. Try again, or name another source: mesh team sync --help',
  });
