import { MeshError } from '#kernel';
import { readBody } from '../read-body.ts';
import { type Fields, fieldsOf, textOf } from './gateway-frames.ts';

export interface HookAddress {
  /** `http://127.0.0.1:18789` */
  readonly url: URL;
  /** `/hooks/agent`, or that of a mapping. */
  readonly path: string;
  readonly token: string;
}

export interface HookCall {
  readonly body: Fields;
  readonly key: string;
  readonly signal: AbortSignal;
}

const maxAnswerBytes = 64 * 1024;
const maxDetailCharacters = 500;

/**
 * One POST to a hook of a gateway. Rejects with GATEWAY_UNREACHABLE when it is not there or busy, GATEWAY_DENIED when its owner has
 * something to do first, HANDLER_FAILED for the rest. Neither the token nor the message stands in an error.
 */
export async function callHook({ url, path, token }: HookAddress, { body, key, signal }: HookCall): Promise<Fields> {
  const { host } = url;
  let response: Response;
  try {
    response = await fetch(new URL(path, url), {
      method: 'POST',
      // Following a redirect would hand message and token to whoever the receiver names.
      redirect: 'manual',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal,
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new MeshError('GATEWAY_UNREACHABLE', `The OpenClaw gateway at ${host} cannot be reached`, { cause });
  }
  const text = await readText(response, { host, signal });
  if (response.status >= 300) throw refusal(response.status, { host, path, detail: detailIn(text, token) });
  const answer = parsed(text);
  if (answer['ok'] === true) return answer;
  throw new MeshError('HANDLER_FAILED', `What answers at ${host}${path} is no hook of an OpenClaw gateway`);
}

/** How long the gateway has been running, in ms; undefined when it does not say. */
export async function uptimeOf({ url }: Pick<HookAddress, 'url'>, signal: AbortSignal): Promise<number | undefined> {
  try {
    const response = await fetch(new URL('/readyz', url), { redirect: 'manual', signal });
    const { uptimeMs } = parsed(await readText(response, { host: url.host, signal }));
    return typeof uptimeMs === 'number' ? uptimeMs : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** The rest of a longer answer is not read. */
async function readText(
  response: Response,
  { host, signal }: { readonly host: string; readonly signal: AbortSignal },
): Promise<string> {
  try {
    return new TextDecoder().decode((await readBody(response, maxAnswerBytes)).bytes);
  } catch (cause) {
    signal.throwIfAborted();
    throw new MeshError('GATEWAY_UNREACHABLE', `The OpenClaw gateway at ${host} broke off its answer`, { cause });
  }
}

function parsed(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}

interface Refused {
  readonly host: string;
  readonly path: string;
  readonly detail: string;
}

function refusal(status: number, { host, path, detail }: Refused): MeshError {
  const data = { status, detail };
  if (status === 409 || status === 503) {
    return new MeshError('GATEWAY_UNREACHABLE', `The OpenClaw gateway at ${host} cannot begin a turn now`, { data });
  }
  const hint = status < 400 || status === 405 ? hints[404] : hints[status];
  if (hint === undefined)
    return new MeshError('HANDLER_FAILED', `The hook ${path} of the gateway at ${host} failed with status ${status}`, {
      data,
    });
  const why = detail === '' ? '' : `: ${detail}`;
  return new MeshError(
    'GATEWAY_DENIED',
    `The OpenClaw gateway at ${host} refused ${path} with status ${status}${why}`,
    {
      data,
      hint,
    },
  );
}

const hints: Readonly<Record<number, string>> = {
  400: 'Allow it in openclaw.json: hooks.allowRequestSessionKey true, "hook:mesh:" in hooks.allowedSessionKeyPrefixes, and the agent in hooks.allowedAgentIds.',
  401: 'Write the token of the hooks (hooks.token of openclaw.json) into the file that hookTokenFile names.',
  404: 'Turn its hooks on in openclaw.json (hooks.enabled, hooks.path), or correct url and hook in mesh.toml.',
  429: 'Too many calls with a wrong token came from here. It takes calls again in a minute.',
};

/** What the gateway says of it; whatever it repeats, not the token. */
function detailIn(text: string, token: string): string {
  const said = textOf(parsed(text)['error']) ?? '';
  return said.replaceAll(token, '…').slice(0, maxDetailCharacters);
}
