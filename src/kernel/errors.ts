import { type ErrorCode, type ExitCode, errorTable } from './error-table.ts';

export interface MeshErrorOptions {
  /** What the reader should do; the table's hint when absent. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Facts a program needs next, such as `retryAfterMs` or the list of matches. Never a secret. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The one error of the system. Compare `code`, never the text and never with `instanceof` across packages. */
export class MeshError extends Error {
  override readonly name = 'MeshError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message?: string, options: MeshErrorOptions = {}) {
    super(message ?? errorTable[code].meaning, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? errorTable[code].hint;
    this.data = options.data ?? {};
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get exitCode(): ExitCode {
    return errorTable[this.code].exit;
  }
}

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(errorTable, text);
}

/** The code of anything thrown; `INTERNAL` for what is not ours. */
export function codeOf(error: unknown): ErrorCode {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return isErrorCode(code) ? code : 'INTERNAL';
}

/** Anything thrown as a `MeshError`; foreign errors become `INTERNAL` with the original as cause. */
export function toMeshError(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new MeshError(codeOf(error), message, { cause: error });
}
