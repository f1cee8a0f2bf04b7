import { type IncomingMessage, request as httpRequest } from 'node:http';
import { requestTarget, type Transport, type TransportRequest, type TransportResponse } from '#api';
import { MeshError } from '#kernel';

export interface HttpTransportOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

/**
 * The local API over HTTP, one connection a request: a command ends as soon as it is done. `request` rejects with
 * NODE_NOT_RUNNING when nobody listens, LINK_CLOSED when the node goes away, and with the reason of the signal.
 */
export function httpTransport({ host, port, token }: HttpTransportOptions): Transport {
  return {
    request: (asked) =>
      new Promise<TransportResponse>((resolve, reject) => {
        const { method, body, signal } = asked;
        const headers = { ...asked.headers, ...lengthOf(body), authorization: `Bearer ${token}`, connection: 'close' };
        const options = { host, port, method, path: requestTarget(asked), headers, agent: false };
        const call = httpRequest(signal === undefined ? options : { ...options, signal }, (response) => {
          resolve({ status: response.statusCode ?? 0, headers: headersOf(response), body: chunksOf(response, asked) });
        });
        call.on('error', (error) => reject(failureOf(error, asked)));
        call.end(body);
      }),
  };
}

const lengthOf = (body: string | Uint8Array | undefined): Readonly<Record<string, string>> =>
  body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };

const headersOf = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

async function* chunksOf(
  response: IncomingMessage,
  asked: TransportRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of response) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    throw failureOf(error, asked);
  } finally {
    response.destroy();
  }
}

function failureOf(error: unknown, { signal }: TransportRequest): unknown {
  if (signal?.aborted === true) return signal.reason;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED' || code === 'ENOENT')
    return new MeshError('NODE_NOT_RUNNING', 'Nobody listens at the local API', { cause: error });
  return new MeshError('LINK_CLOSED', 'The node closed the connection before it had answered', {
    cause: error,
    hint: 'See whether it still runs: mesh status',
  });
}
