import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import { causeOf } from '../compose-input.ts';
import { findRunningNode } from '../running-node.ts';

/**
 * What the owner stopped with `mesh pause` stays stopped on the way over gateways too, which no node sees: only a person at a terminal goes
 * on. Throws PAUSED.
 */
export async function assertNotPaused(call: Call): Promise<void> {
  const { client, settings, signal } = call;
  if (causeOf(call).root === true || findRunningNode(settings.stateDir) === undefined) return;
  const { pauses = [], agents } = await client.status({}, { signal });
  const speaking = settings.agent ?? agents.find(({ isDefault }) => isDefault)?.name;
  const pause = pauses.find(({ agent }) => agent === undefined || agent === speaking);
  if (pause === undefined) return;
  const why = pause.reason === undefined ? '' : `: ${pause.reason}`;
  throw new MeshError('PAUSED', `All that programs do by themselves was paused by the owner${why}`);
}
