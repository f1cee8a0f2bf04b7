/** What a process exits with: 1 failed, 2 usage, 3 refused by policy, 4 not reachable or timed out. */
export type ExitCode = 1 | 2 | 3 | 4;

export interface ErrorRow {
  readonly meaning: string;
  readonly status: number;
  readonly exit: ExitCode;
  /** True when the same call may succeed later without any change by the caller. */
  readonly retryable: boolean;
  readonly hint: string;
}

type Numbers = readonly [status: number, exit: ExitCode, retryable: 'retry' | 'final'];

/** One row of the table: numbers, meaning, default hint. */
export const row = ([status, exit, retryable]: Numbers, meaning: string, hint: string): ErrorRow => ({
  status,
  exit,
  retryable: retryable === 'retry',
  meaning,
  hint,
});
