import { MeshError } from '#kernel';
import { join } from 'node:path';
import type { Call } from '../call.ts';
import type { HubReady } from '../hub-door.ts';
import { isHubStore } from '../hub-store-name.ts';
import type { Outcome } from '../outcome.ts';
import { pasteable } from '../settings.ts';
import { hubReadyLines } from '../views/hub-lines.ts';

const admissions = ['open', 'invite', 'allowlist'] as const;

/** Runs a hub here until Ctrl-C. */
export async function hubRun({ args, settings, ports, screen, signal }: Call): Promise<Outcome | undefined> {
  const store = args.text('store');
  if (store !== undefined && !isHubStore(store)) {
    throw new MeshError('INVALID_ARGUMENT', `--store: ${JSON.stringify(store)} is no store of a hub`, {
      hint: 'Use: --store sqlite, or the NATS servers that keep it: --store nats://HOST:4222',
    });
  }
  // A person at a terminal reads sentences, not log lines.
  const logsToFile = ports.stderr.isTerminal;
  const { runHub } = await ports.hubDoor();
  const show = (info: HubReady): void => {
    if (settings.json) return screen.json(info);
    const log = logsToFile ? join(info.stateDir, 'hub.log') : undefined;
    const { lines, next } = hubReadyLines(info, log, screen.paint());
    const paint = screen.paint();
    screen.lines([
      ...lines,
      '',
      ...next.map(
        (line) => paint.colour('cyan', '→ ') + (typeof line === 'string' ? pasteable(line, settings) : line.elsewhere),
      ),
    ]);
  };
  await runHub({
    stateDir: settings.hubStateDir,
    host: args.text('host'),
    port: args.number('port', [0, 65_535]),
    name: args.text('name'),
    url: args.text('url'),
    store,
    admission: args.choice('admission', admissions),
    logsToFile,
    signal,
    onReady: show,
  });
  if (!settings.json) screen.lines(['The hub has stopped.']);
  return undefined;
}
