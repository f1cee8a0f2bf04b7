import { type ErrorCode, MeshError } from '#kernel';

/** When a message is offered again to a program that is not there: it did not fail at the message, which uses up no attempt. */
export const awayMs: Partial<Record<ErrorCode, number>> = { GATEWAY_UNREACHABLE: 5000, PROGRAM_AWAY: 1000 };

/** The handler's error as the owner of the agent may see it. */
export function describe(error: unknown): string {
  if (!(error instanceof MeshError)) return String(error);
  const { detail } = error.data;
  return typeof detail === 'string' && detail !== ''
    ? `${error.code}: ${error.message}\n${detail}`
    : `${error.code}: ${error.message}`;
}
