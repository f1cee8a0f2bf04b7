import type { IncomingMessage, ServerResponse } from 'node:http';
import { MeshError, toMeshError } from '#kernel';

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const jsonAnswer = (status: number, value: unknown): HttpAnswer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});

export function errorAnswer({ code, message, hint, data, status }: MeshError): HttpAnswer {
  const { retryAfterMs } = data;
  return {
    ...jsonAnswer(status, { error: { code, message, hint, data } }),
    ...(typeof retryAfterMs === 'number' ? { headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } } : {}),
  };
}

/** Sends what comes, or INTERNAL for what is no error of ours. */
export function send(incoming: IncomingMessage, outgoing: ServerResponse, answer: Promise<HttpAnswer>): void {
  incoming.on('error', () => {});
  outgoing.on('error', () => {});
  void answer.catch(asError).then(({ status, type, body, headers }) => {
    outgoing.writeHead(status, {
      'cache-control': 'no-store',
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'x-content-type-options': 'nosniff',
      // A body that nobody read is of no interest; the connection ends rather than being read on.
      ...(incoming.complete ? {} : { connection: 'close' }),
      ...headers,
    });
    outgoing.end(incoming.method === 'HEAD' ? undefined : body);
  });
}

function asError(thrown: unknown): HttpAnswer {
  const error = toMeshError(thrown);
  // The text of a foreign error may quote anything.
  return errorAnswer(error === thrown || error.code !== 'INTERNAL' ? error : new MeshError('INTERNAL'));
}
