import type { Failed, Pause } from '#pipeline';
import { type ErrorCode, MeshError } from '#kernel';

/** When a message is offered again to a program that is not there: it did not fail at the message, which uses up no attempt. */
export const awayMs: Partial<Record<ErrorCode, number>> = {
  GATEWAY_UNREACHABLE: 5000,
  GATEWAY_DENIED: 5000,
  PROGRAM_AWAY: 1000,
};

/** The handler's error as the owner of the agent may see it. */
export function describe(error: unknown): string {
  if (!(error instanceof MeshError)) return String(error);
  const { detail } = error.data;
  return typeof detail === 'string' && detail !== ''
    ? `${error.code}: ${error.message}\n${detail}`
    : `${error.code}: ${error.message}`;
}

/** Why what was leased is not begun any more. */
export function stopsBefore(stop: AbortSignal, pause: Pause | undefined): Pick<Failed, 'error' | 'reason'> | undefined {
  if (stop.aborted) return { error: 'The node stopped before the handler began', reason: 'SHUTTING_DOWN' };
  if (pause === undefined) return undefined;
  return { error: 'The owner paused the program before it began', reason: 'PAUSED' };
}
