import { present } from './arguments.ts';
import type { Call } from './call.ts';
import { startDetached } from './detached-node.ts';
import { processEnd } from './process-end.ts';
import { findRunningNode } from './running-node.ts';

const stopMs = 60_000;

/** Stops the node of the folder and starts it again where it listened, detached; false when none runs. */
export async function restartNode({ client, settings, screen, ports, signal }: Call): Promise<boolean> {
  const running = findRunningNode(settings.stateDir);
  if (running === undefined) return false;
  const { listen, api, lan, relay } = await client.status({ agent: settings.agent }, { signal });
  screen.progress('Restarting the node …');
  const end = processEnd({
    stateDir: settings.stateDir,
    pid: running.pid,
    timeoutMs: stopMs,
    clock: ports.clock,
    signal,
  });
  try {
    await client.shutdown({}, { signal });
    await end.ended;
  } finally {
    end.close();
  }
  await startDetached({
    settings,
    listen: present({
      host: listen?.host,
      port: listen?.port,
      apiPort: api?.port,
      lan: lan === undefined ? undefined : true,
      relay: relay === undefined ? undefined : true,
    }),
    takeOver: false,
    signal,
    clock: ports.clock,
  });
  return true;
}
