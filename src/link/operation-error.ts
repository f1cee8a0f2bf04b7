import { codeOf, MeshError } from '#kernel';
import type { LinkOperationOf } from '#protocol';

type ErrorOperation = LinkOperationOf<'error'>;

/**
 * What the far end is told of an error: its code, and when to try again. Never the text, which may name what is here.
 */
export function operationError(error: unknown): ErrorOperation {
  const retryAfterMs = error instanceof MeshError ? error.data['retryAfterMs'] : undefined;
  return { op: 'error', code: codeOf(error), ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}) };
}

/** What the far end said as an error here. Its hint is not shown: it is a stranger's text. */
export function remoteError(operation: ErrorOperation): MeshError {
  const { code, retryAfterMs } = operation;
  const data = { byPeer: true, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return new MeshError(code, `The far end refused: ${code}`, { data });
}
