import { type ErrorCode, errorTable, type Logger, MeshError, toMeshError } from '#kernel';
import { toErrorBody } from '#api';

/** The API is for programs that hold the token: no page may frame, sniff, cache or share what it says. */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

export function jsonAnswer(
  value: unknown,
  options: { status?: number; headers?: Record<string, string> } = {},
): Response {
  const body = new TextEncoder().encode(JSON.stringify(value));
  const headers = {
    ...securityHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(body.length),
    ...options.headers,
  };
  return new Response(body, { status: options.status ?? 200, headers });
}

/** The bytes belong to the answer from now on. */
export function bytesAnswer(bytes: Uint8Array): Response {
  const headers = {
    ...securityHeaders,
    'content-type': 'application/octet-stream',
    'content-length': String(bytes.length),
  };
  return new Response(streamOf(bytes), { status: 200, headers });
}

/** A body that is given as bytes would be copied. */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

export function errorAnswer(error: MeshError): Response {
  return jsonAnswer(toErrorBody(error), { status: error.status, headers: headersOf(error) });
}

/** What may be said of anything thrown: of a foreign error only that it happened, the rest goes to the log. */
export function presentable(thrown: unknown, log: { readonly logger: Logger; readonly where: string }): MeshError {
  const error = toMeshError(thrown);
  if (error === thrown || error.code !== 'INTERNAL') return error;
  const { cause } = error;
  // The text of a foreign error may quote what it failed on, such as a message.
  const name = cause instanceof Error ? cause.name : typeof cause;
  log.logger.error('api.failed', { where: log.where, error: name, at: placeOf(cause) });
  return new MeshError('INTERNAL');
}

function headersOf({ code, data }: MeshError): Record<string, string> {
  const extra: Partial<Record<ErrorCode, Record<string, string>>> = { UNAUTHORIZED: { 'www-authenticate': 'Bearer' } };
  const { retryAfterMs, allow } = data;
  return {
    ...extra[code],
    ...(typeof retryAfterMs === 'number' ? { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } : {}),
    ...(code === 'METHOD_NOT_ALLOWED' && Array.isArray(allow) ? { allow: allow.join(', ') } : {}),
    ...(errorTable[code].status === 413 ? { connection: 'close' } : {}),
  };
}

function placeOf(cause: unknown): string | undefined {
  const stack = cause instanceof Error ? cause.stack : undefined;
  return stack
    ?.split('\n')
    .find((line) => line.trimStart().startsWith('at '))
    ?.trim();
}
