import type { ErrorCode } from '#kernel';

const passing: ReadonlySet<ErrorCode> = new Set([
  'RATE_LIMITED',
  'STORE_FULL',
  'STORE_CORRUPT',
  'STORE_UNREADABLE',
  'SHUTTING_DOWN',
  'LINK_CLOSED',
  'INTERNAL',
]);

/** Refusals that pass by themselves: the frame is sent again later. Those about the session are not: they need a new session. */
export const isPassing = (code: ErrorCode): boolean => passing.has(code);
