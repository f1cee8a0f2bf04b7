import type { Call } from './call.ts';
import { processEnd } from './process-end.ts';

const stopMs = 60_000;

/** Asks the node to stop and waits until its process has ended. */
export async function stopNode({ client, settings, ports, signal }: Call, pid: number): Promise<void> {
  const end = processEnd({ stateDir: settings.stateDir, pid, timeoutMs: stopMs, clock: ports.clock, signal });
  try {
    await client.shutdown({}, { signal });
    await end.ended;
  } finally {
    end.close();
  }
}
