import type { ErrorCode } from '#kernel';
import type { Frame } from '#protocol';

const passing: ReadonlySet<ErrorCode> = new Set([
  'RATE_LIMITED',
  'INBOX_FULL',
  'MAILBOX_FULL',
  'STORE_FULL',
  'STORE_CORRUPT',
  'STORE_UNREADABLE',
  'SHUTTING_DOWN',
  'LINK_CLOSED',
  'INTERNAL',
  // Of a frame: its link was made before a key changed. The next one proves the ids that the frame names.
  'WRONG_RECIPIENT',
]);

/** Refusals that pass by themselves: the frame is sent again later. Those about the session are not: they need a new session. */
export const isPassing = (code: ErrorCode): boolean => passing.has(code);

const undecided: ReadonlySet<ErrorCode> = new Set([
  'STORE_FULL',
  'STORE_CORRUPT',
  'STORE_UNREADABLE',
  'SHUTTING_DOWN',
  'LINK_CLOSED',
  'INTERNAL',
]);

/** This node could not take it, whatever it is: it has to come again, while every other refusal is about what came. */
export const isUndecided = (code: ErrorCode): boolean => undecided.has(code);

/** The peer takes nothing of this agent, whatever it is. */
export const isDistrust = (code: ErrorCode): boolean => code === 'NOT_TRUSTED' || code === 'CONTACT_CHANGED';

/** That the peer took it shows that it can read the session; a welcome or a commit alone does not. */
export const isProof = ({ kind }: Pick<Frame, 'kind'>): boolean => kind === 'app' || kind === 'receipt';
