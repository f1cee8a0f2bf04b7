import { MeshError } from '#kernel';

/** The MeshError that the attempt fails with. It is heard from the start, so it may be awaited later. */
export async function failure(attempt: Promise<unknown>): Promise<MeshError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof MeshError) return error;
    throw new Error('It failed with something else than a MeshError', { cause: error });
  }
  throw new Error('It did not fail');
}
