import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { findRunningNode } from '../running-node.ts';
import { count } from '../views/words.ts';
import { processEnd } from '../process-end.ts';

const stopMs = 60_000;

/** Asks the node to stop and waits until its process has ended. */
export async function down({ client, settings, screen, ports, signal }: Call): Promise<Outcome> {
  const running = findRunningNode(settings.stateDir);
  if (running === undefined) throw nothingRuns(settings.stateDir);
  const { queue } = await client.status({ agent: settings.agent }, { signal });
  const end = processEnd({
    stateDir: settings.stateDir,
    pid: running.pid,
    timeoutMs: stopMs,
    clock: ports.clock,
    signal,
  });
  screen.progress('Stopping the node …');
  try {
    await client.shutdown({}, { signal });
    await end.ended;
  } finally {
    end.close();
  }
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
