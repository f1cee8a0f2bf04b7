import { MeshError, toMeshError } from '#kernel';
import { present } from '../arguments.ts';
import type { Call } from '../call.ts';
import { startDetached } from '../detached-node.ts';
import type { NodeReady } from '../node-door.ts';
import type { Outcome } from '../outcome.ts';
import { readPassphrase } from '../passphrase.ts';
import { findRunningNode } from '../running-node.ts';
import { fields } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { reporterToParent } from '../start-report.ts';
import { pasteable } from '../settings.ts';
import type { Paint } from '../paint.ts';

/** Starts the node: here until Ctrl-C or `mesh down`, or with --detach in a process of its own. */
export async function up(call: Call): Promise<Outcome | undefined> {
  const { args, settings } = call;
  const running = findRunningNode(settings.stateDir);
  if (running !== undefined) {
    throw new MeshError('NODE_RUNNING', `A node runs on ${settings.stateDir} already, as process ${running.pid}`, {
      hint: 'See how it does: mesh status. Stop it: mesh down',
    });
  }
  if (args.flag('detach')) return upDetached(call);
  await upHere(call);
  return undefined;
}

async function upHere({ args, settings, ports, screen, signal }: Call): Promise<void> {
  const report = args.flag('reportReady') ? reporterToParent() : undefined;
  try {
    const passphrase = readPassphrase(settings.passphraseFile);
    const { runNode } = await ports.nodeDoor();
    await runNode({
      stateDir: settings.stateDir,
      signal,
      ...listenOptions(args),
      ...present({ passphrase }),
      onReady: (info) => {
        report?.({ type: 'ready', info });
        if (report !== undefined) return;
        if (settings.json) screen.json(readyData(info, process.pid, settings.stateDir));
        else
          screen.lines([
            ...readyLines(info, screen.paint()),
            '',
            pasteable('→ Ctrl-C or mesh down stops it. Connect with another agent: mesh invite', settings),
          ]);
      },
    });
  } catch (error) {
    const { code, message, hint } = toMeshError(error);
    report?.({ type: 'failed', error: { code, message, hint } });
    throw error;
  }
}

async function upDetached({ args, settings, screen, ports, signal }: Call): Promise<Outcome> {
  screen.progress('Starting the node …');
  const { pid, info, logFile } = await startDetached({
    settings,
    listen: listenOptions(args),
    signal,
    clock: ports.clock,
  });
  return {
    data: readyData(info, pid, settings.stateDir),
    lines: (paint) => [
      ...readyLines(info, paint),
      ...fields(
        [
          ['process', String(pid)],
          ['log', logFile],
        ],
        paint,
      ),
    ],
    next: ['Connect with another agent: mesh invite', 'How it is doing: mesh status. Stop it: mesh down'],
  };
}

function listenOptions(args: Call['args']) {
  return present({
    host: args.text('host'),
    port: args.number('port', [0, 65_535]),
    apiPort: args.number('apiPort', [0, 65_535]),
    endpoint: args.text('endpoint'),
  });
}

const readyData = (info: NodeReady, pid: number, stateDir: string) => ({ ...info, pid, stateDir });

function readyLines({ listen, api, agents, endpoints }: NodeReady, paint: Paint): readonly string[] {
  return [
    paint.colour('green', 'The node is running.'),
    ...fields(
      [
        ['agents', agents.map(({ name }) => visible(name)).join(', ')],
        ['listens', `${listen.host}:${listen.port}`],
        ['reached at', endpoints.map(visible).join('\n')],
        ['local API', `${api.host}:${api.port}`],
      ],
      paint,
    ),
  ];
}
