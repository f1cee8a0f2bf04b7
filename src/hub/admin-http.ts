import { type IncomingMessage, request } from 'node:http';
import { fromUtf8, isErrorCode, MeshError } from '#kernel';
import { createGuard, type GuardOptions, type HttpHandler } from '#host';
import { errorAnswer, type HttpAnswer, jsonAnswer, send } from './http-answer.ts';
import { type HubAdmin, hubAdminNames, type HubAdminName } from './hub-admin.ts';

const prefix = '/admin/';
const maxBodyBytes = 65_536;

/** `POST /admin/NAME` with a JSON object, for who has the token and is on this machine. */
export function createAdminApp(admin: HubAdmin, guard: GuardOptions): HttpHandler {
  const check = createGuard(guard);
  const answerTo = async (incoming: IncomingMessage): Promise<HttpAnswer> => {
    try {
      check(new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])));
      const name = hubAdminNames.find((one) => incoming.url === prefix + one);
      if (name === undefined || incoming.method !== 'POST')
        throw new MeshError('NOT_FOUND', 'The hub has nothing at this address');
      return jsonAnswer(200, await callAdmin(admin, name, await bodyOf(incoming)));
    } catch (error) {
      if (error instanceof MeshError) return errorAnswer(error);
      throw error;
    }
  };
  return (incoming, outgoing) => send(incoming, outgoing, answerTo(incoming));
}

/** Every input is judged here, whoever asks. */
async function callAdmin(
  admin: HubAdmin,
  name: HubAdminName,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  switch (name) {
    case 'agents':
      return await admin.agents({ after: textIn(input, 'after') });
    case 'newInvite':
      return await admin.newInvite({ note: textIn(input, 'note'), lifetimeMs: countIn(input, 'lifetimeMs') });
    case 'revokeInvite':
      return await admin.revokeInvite({ id: needed(textIn(input, 'id'), 'id') });
    case 'evict':
      return await admin.evict({ agent: needed(textIn(input, 'agent'), 'agent') });
    case 'status':
    case 'invites':
    case 'limits':
      return await admin[name]({});
  }
}

export interface AdminAddress {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

/** The same, asked from another process. Rejects with HUB_NOT_RUNNING when nobody listens, and with what the hub says. */
export function adminOverHttp(address: AdminAddress): HubAdmin {
  // The hub at the other end is of this version, and made its answers by this interface.
  const ask = <N extends HubAdminName>(name: N): HubAdmin[N] =>
    (async (input: object) => await post(address, name, input)) as HubAdmin[N];
  return {
    status: ask('status'),
    agents: ask('agents'),
    invites: ask('invites'),
    newInvite: ask('newInvite'),
    revokeInvite: ask('revokeInvite'),
    limits: ask('limits'),
    evict: ask('evict'),
  };
}

function post({ host, port, token }: AdminAddress, name: HubAdminName, input: object): Promise<unknown> {
  const body = JSON.stringify(input);
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  return new Promise((resolve, reject) => {
    const call = request({ host, port, method: 'POST', path: prefix + name, headers, agent: false }, (response) => {
      readAnswer(response).then(resolve, reject);
    });
    call.on('error', (cause) => reject(new MeshError('HUB_NOT_RUNNING', 'The hub does not answer', { cause })));
    call.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<unknown> {
  const value = JSON.parse(fromUtf8(await bytesOf(response, Number.POSITIVE_INFINITY))) as unknown;
  if (response.statusCode === 200) return value;
  const error = isRecord(value) && isRecord(value['error']) ? value['error'] : {};
  const { code, message, hint } = error;
  const text = typeof message === 'string' ? message : undefined;
  throw new MeshError(isErrorCode(code) ? code : 'INTERNAL', text, typeof hint === 'string' ? { hint } : {});
}

async function bodyOf(incoming: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await bytesOf(incoming, maxBodyBytes);
  try {
    const value = JSON.parse(bytes.length === 0 ? '{}' : fromUtf8(bytes)) as unknown;
    if (isRecord(value)) return value;
  } catch {
    // Falls through to the one refusal below.
  }
  throw new MeshError('INVALID_ARGUMENT', 'The body must be a JSON object');
}

async function bytesOf(stream: AsyncIterable<unknown>, max: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.length;
    if (size > max) throw new MeshError('BODY_TOO_LARGE', `The body is larger than ${max} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function textIn(input: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new MeshError('INVALID_ARGUMENT', `${name} must be a text`);
}

function countIn(input: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = input[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new MeshError('INVALID_ARGUMENT', `${name} must be a whole number above 0`);
}

function needed(value: string | undefined, name: string): string {
  if (value !== undefined && value !== '') return value;
  throw new MeshError('INVALID_ARGUMENT', `${name} is missing`);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
