import { codeOf, toMeshError } from '#kernel';
import type { Call } from '../call.ts';
import type { Finding } from '../node-door.ts';
import type { Outcome } from '../outcome.ts';
import { findRunningNode, type RunningNode } from '../running-node.ts';
import { pasteable } from '../settings.ts';
import { doctorLines } from '../views/doctor-lines.ts';

/** Everything that is wrong, with what it means and the command that mends it. Ends with 0 only when nothing is wrong. */
export async function doctor(call: Call): Promise<Outcome> {
  const { settings, ports, screen } = call;
  screen.progress('Looking at folder, database and machine …');
  const running = findRunningNode(settings.stateDir);
  const { examineFolder } = await ports.nodeDoor();
  const found = await examineFolder({ stateDir: settings.stateDir, running: running !== undefined });
  const live = running === undefined ? [] : await liveFindings(call, running);
  const findings = inOrder([...found, ...live]).map((one) => ({ ...one, fix: pasteable(one.fix, settings) }));
  const wrong = findings.filter(({ severity }) => severity !== 'note').length;
  return {
    data: { ok: wrong === 0, running: running !== undefined, findings },
    lines: (paint) => doctorLines(findings, paint),
    exitCode: wrong === 0 ? 0 : 1,
  };
}

async function liveFindings(
  { client, screen, settings, signal }: Call,
  { pid }: RunningNode,
): Promise<readonly Finding[]> {
  screen.progress('Looking at the node, its addresses and peers …');
  try {
    return (await client.doctor({ agent: settings.agent }, { signal })).findings;
  } catch (error) {
    signal.throwIfAborted();
    return [
      {
        check: 'node',
        severity: 'error',
        message: `The node runs as process ${pid}, and its local API does not answer: ${toMeshError(error).message}`,
        meaning: `Whether it sends and receives cannot be told (${codeOf(error)}).`,
        fix: `Restart it: mesh down, mesh up --detach. If it does not stop: kill ${pid}`,
      },
    ];
  }
}

const severities = ['error', 'warning', 'note'] as const;

const inOrder = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
