import { present } from './arguments.ts';
import type { Call } from './call.ts';
import { startDetached } from './detached-node.ts';
import { findRunningNode } from './running-node.ts';
import { stopNode } from './stop-node.ts';

/** Stops the node of the folder and starts it again where it listened, detached; false when none runs. */
export async function restartNode(call: Call): Promise<boolean> {
  const { client, settings, screen, ports, signal } = call;
  const running = findRunningNode(settings.stateDir);
  if (running === undefined) return false;
  const { listen, api, lan, relay } = await client.status({ agent: settings.agent }, { signal });
  screen.progress('Restarting the node …');
  await stopNode(call, running.pid);
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
