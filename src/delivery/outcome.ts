import type { ErrorCode } from '#kernel';
import type { FrameOutcome } from '#link';
import type { Frame } from '#protocol';

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

/** The peer takes nothing of this agent, whatever it is. */
export const isDistrust = (outcome: FrameOutcome): outcome is Extract<FrameOutcome, { kind: 'refused' }> =>
  outcome.kind === 'refused' && (outcome.code === 'NOT_TRUSTED' || outcome.code === 'CONTACT_CHANGED');

/** The peer opened it in the session; a welcome or a commit alone does not show that it can read what follows. */
export const isProof = ({ kind }: Pick<Frame, 'kind'>, outcome: FrameOutcome): boolean =>
  outcome.kind !== 'refused' && (kind === 'app' || kind === 'receipt');
