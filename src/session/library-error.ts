import { type ErrorCode, MeshError } from '#kernel';

// How version 1.6.4 words what is told apart here; the tests of the session show each of them.
const codes: ReadonlyMap<string, ErrorCode> = new Map([
  ['Desired gen in the past', 'SESSION_REPLAY'],
  ['Cannot process message, epoch too old', 'SESSION_REPLAY'],
  ['Signature invalid', 'SIGNATURE_INVALID'],
  ['Could not verify leaf node signature', 'SIGNATURE_INVALID'],
]);

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Whatever a step threw, as an error that a session may throw; the library's classes stay behind this room. Its text
 * says what failed and holds no secrets. Everything unknown is SESSION_BROKEN.
 */
export function toSessionError(what: string, error: unknown): MeshError {
  const reason = reasonOf(error);
  const code = codes.get(reason) ?? 'SESSION_BROKEN';
  return new MeshError(code, `${what}: ${reason}`, { data: { reason } });
}
