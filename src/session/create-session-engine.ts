import { MeshError } from '#kernel';
import type { SessionEngine } from './secure-session.ts';
import type { SessionEngineOptions } from './session-engine-options.ts';

/**
 * The engine of the node's sessions: MLS for pairs (spec 5). Loads the library when called, so that importing the room
 * costs nothing.
 */
export async function createSessionEngine(options: SessionEngineOptions): Promise<SessionEngine> {
  // The library would take 0 for "keep every epoch".
  if (options.limits.retainedEpochs < 1) {
    throw new MeshError('INVALID_ARGUMENT', `retainedEpochs must be at least 1, not ${options.limits.retainedEpochs}`);
  }
  const { openEngine } = await import('./engine.ts');
  return openEngine(options);
}
