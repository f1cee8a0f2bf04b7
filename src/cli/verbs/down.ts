import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { findRunningNode } from '../running-node.ts';
import { stopNode } from '../stop-node.ts';
import { count } from '../views/words.ts';

/** Asks the node to stop and waits until its process has ended. */
export async function down(call: Call): Promise<Outcome> {
  const { client, settings, screen, signal } = call;
  const running = findRunningNode(settings.stateDir);
  if (running === undefined) throw nothingRuns(settings.stateDir);
  const { queue } = await client.status({ agent: settings.agent }, { signal });
  screen.progress('Stopping the node …');
  await stopNode(call, running.pid);
  const queued = queue.waiting + queue.inFlight;
  return {
    data: { stopped: true, pid: running.pid, queued },
    lines: () => [
      'The node has stopped.',
      queued === 0 ? 'Nothing is queued.' : `${count(queued, 'message')} still queued: sent when the node runs again.`,
    ],
    next: ['Start it again: mesh up --detach'],
  };
}

const nothingRuns = (stateDir: string): MeshError =>
  new MeshError('NODE_NOT_RUNNING', `No node runs on ${stateDir}`, {
    hint: 'There is nothing to stop. Start one with: mesh up --detach',
  });
