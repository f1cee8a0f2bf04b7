import { codeOf, MeshError } from '#kernel';
import type { LinkOperationOf } from '#protocol';

type ErrorOperation = LinkOperationOf<'error'>;

/**
 * What the far end is told of an error: its code, and when to try again. Never the text, which may name what is here.
 */
export function operationError(error: unknown): ErrorOperation {
  const retryAfterMs = error instanceof MeshError ? error.data['retryAfterMs'] : undefined;
  const proof = proofIn(error);
  return {
    op: 'error',
    code: codeOf(error),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    ...(proof === undefined ? {} : { proof }),
  };
}

/** The refusal of an earlier life of an agent; `proof` is the encoded incarnation of the later one (spec 6.9). */
export function superseded(proof: Uint8Array): MeshError {
  return new MeshError('SUPERSEDED', undefined, { data: { proof } });
}

/** The encoded incarnation that goes with SUPERSEDED. */
export function proofIn(error: unknown): Uint8Array | undefined {
  if (!(error instanceof MeshError) || error.code !== 'SUPERSEDED') return undefined;
  const { proof } = error.data;
  return proof instanceof Uint8Array ? proof : undefined;
}

/** What the far end said as an error here. Its hint is not shown: it is a stranger's text. */
export function remoteError(operation: ErrorOperation): MeshError {
  const { code, retryAfterMs, proof } = operation;
  const data = {
    byPeer: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(proof === undefined ? {} : { proof }),
  };
  return new MeshError(code, `The far end refused: ${code}`, { data });
}
