import { join } from 'node:path';
import { MeshError, toMeshError } from '#kernel';
import { present } from '../arguments.ts';
import type { Call } from '../call.ts';
import { startDetached } from '../detached-node.ts';
import type { NodeReady } from '../node-door.ts';
import type { Outcome } from '../outcome.ts';
import { readPassphrase } from '../passphrase.ts';
import { findRunningNode, logName } from '../running-node.ts';
import { fields } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { reporterToParent } from '../start-report.ts';
import { lanLine, pasteableWarning, warningLines } from '../views/warning-lines.ts';
import { pasteable, type Settings } from '../settings.ts';
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
  // A person at a terminal reads sentences, not log lines.
  const logsToFile = report === undefined && ports.stderr.isTerminal;
  try {
    const passphrase = readPassphrase(settings.passphraseFile);
    const { runNode } = await ports.nodeDoor();
    await runNode({
      stateDir: settings.stateDir,
      signal,
      logsToFile,
      ...listenOptions(args),
      ...present({ passphrase }),
      takeOver: args.flag('takeOver'),
      openRelay: async (how) => (await ports.hubDoor()).openRelay(how),
      onReady: (info) => {
        report?.({ type: 'ready', info });
        if (report !== undefined) return;
        if (settings.json) screen.json(readyData(info, process.pid, settings.stateDir));
        else screen.lines(hereLines(info, { settings, paint: screen.paint(), logsToFile }));
      },
    });
    if (report === undefined && !settings.json) screen.lines(['The node has stopped.']);
  } catch (error) {
    const { code, message, hint } = toMeshError(error);
    report?.({ type: 'failed', error: { code, message, hint } });
    throw error;
  }
}

interface Shown {
  readonly settings: Settings;
  readonly paint: Paint;
  readonly logsToFile: boolean;
}

function hereLines(info: NodeReady, { settings, paint, logsToFile }: Shown): readonly string[] {
  const log = logsToFile ? join(settings.stateDir, logName) : undefined;
  const next = ['Connect with another agent, in another terminal: mesh invite', 'Stop it: Ctrl-C, or mesh down'];
  return [
    ...readyLines(info, [['log', log]], { settings, paint }),
    '',
    ...next.map((line) => paint.colour('cyan', '→ ') + pasteable(line, settings)),
  ];
}

async function upDetached({ args, settings, screen, ports, signal }: Call): Promise<Outcome> {
  screen.progress('Starting the node …');
  const { pid, info, logFile } = await startDetached({
    settings,
    listen: listenOptions(args),
    takeOver: args.flag('takeOver'),
    signal,
    clock: ports.clock,
  });
  return {
    data: readyData(info, pid, settings.stateDir),
    lines: (paint) =>
      readyLines(
        info,
        [
          ['process', String(pid)],
          ['log', logFile],
        ],
        { settings, paint },
      ),
    next: ['Connect with another agent: mesh invite', 'How it is doing: mesh status. Stop it: mesh down'],
  };
}

function listenOptions(args: Call['args']) {
  return present({
    host: args.text('host'),
    port: args.number('port', [0, 65_535]),
    apiPort: args.number('apiPort', [0, 65_535]),
    endpoint: args.text('endpoint'),
    lan: args.flag('lan') ? true : undefined,
    relay: args.flag('relay') ? true : undefined,
  });
}

const readyData = (info: NodeReady, pid: number, stateDir: string) => ({ ...info, pid, stateDir });

type Fields = readonly (readonly [label: string, value: string | undefined])[];

function readyLines(
  { listen, api, agents, endpoints, lan, relay }: NodeReady,
  more: Fields,
  { settings, paint }: Pick<Shown, 'settings' | 'paint'>,
): readonly string[] {
  return [
    paint.colour('green', 'The node is running.'),
    ...fields(
      [
        ['agents', agents.map(({ name }) => visible(name)).join(', ')],
        ['listens', `${listen.host}:${listen.port}`],
        ['reached at', endpoints.map(visible).join('\n')],
        ['LAN', lan === undefined ? undefined : lanLine(lan)],
        ['relay', relay === true ? 'keeps messages for those whom your agents trust' : undefined],
        ['local API', `${api.host}:${api.port}`],
        ...more,
      ],
      paint,
    ),
    ...(lan?.problem === undefined ? [] : ['', ...warningLines(pasteableWarning(lan.problem, settings), paint)]),
  ];
}
