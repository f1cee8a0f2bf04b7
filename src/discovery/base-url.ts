import { MeshError } from '#kernel';

const defaultPort = 8787;

/**
 * The address of a node as a URL without a slash at its end. Without a scheme it is http, and then port 8787 unless
 * another is given. Throws INVALID_ARGUMENT on what is not http(s) and on user, password, query and fragment.
 */
export function parseBaseUrl(text: string): string {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const full = hasScheme ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  const isPlain = url !== undefined && ['http:', 'https:'].includes(url.protocol) && !/[@?#\\\s]/.test(text);
  if (!isPlain) {
    const hint = 'Write it like http://10.0.0.5:8787.';
    throw new MeshError('INVALID_ARGUMENT', `Not the address of a node: ${JSON.stringify(text.slice(0, 200))}`, {
      hint,
    });
  }
  if (!hasScheme && !/:\d+(\/|$)/.test(text)) url.port = String(defaultPort);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
