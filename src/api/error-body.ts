import { errorTable, isErrorCode, MeshError } from '#kernel';

/** How an error travels: the body of every answer that is not a success, and the last line of a stream that failed. */
export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

/** Never the stack, never the cause. */
export function toErrorBody({ code, message, hint, data }: MeshError): ErrorBody {
  return { error: { code, message, hint, data } };
}

export function isErrorBody(value: unknown): value is { readonly error: object } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'error' in value &&
    typeof value.error === 'object' &&
    value.error !== null
  );
}

/**
 * The error that the other side threw. A code that this version does not know becomes INTERNAL, with the code in its
 * `data`.
 */
export function fromErrorBody(body: unknown, status: number): MeshError {
  if (!isErrorBody(body)) {
    return new MeshError('INTERNAL', `The answer has status ${status} and is not one of the Agent Mesh API`, {
      hint: 'Check that the address is that of the local API (mesh status shows it).',
    });
  }
  const { error } = body;
  const code = textOf(error, 'code') ?? '';
  const message = textOf(error, 'message') ?? `The API answered with status ${status}`;
  const data = dataOf(error);
  if (!isErrorCode(code)) return new MeshError('INTERNAL', message, { data: { ...data, code } });
  return new MeshError(code, message, { hint: textOf(error, 'hint') ?? errorTable[code].hint, data });
}

function textOf(error: object, name: 'code' | 'message' | 'hint'): string | undefined {
  const value: unknown = Object.hasOwn(error, name) ? Reflect.get(error, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}

function dataOf(error: object): Readonly<Record<string, unknown>> {
  const data: unknown = 'data' in error ? error.data : undefined;
  return typeof data === 'object' && data !== null ? { ...data } : {};
}
