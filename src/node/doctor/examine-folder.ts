import { existsSync } from 'node:fs';
import { type Clock, systemClock, shellWord } from '#kernel';
import { checkDatabase } from '#storage';
import { stateDir } from '../state-dir.ts';
import { examineConfig } from './config-findings.ts';
import { type Finding, inOrder } from './finding.ts';
import { diskFindings, fileClockFindings, folderFindings } from './folder-findings.ts';
import { identityFindings } from './identity-findings.ts';
import { portFindings } from './port-findings.ts';

export interface ExamineFolder {
  readonly stateDir: string;
  /** Whether a node works on the folder. */
  readonly running: boolean;
  readonly clock?: Clock;
  /** Where programs are looked for. */
  readonly searchPath?: string;
}

/** What can be found out about a node from its folder and machine, whether it runs or not. Changes nothing and opens no key. */
export async function examineFolder(options: ExamineFolder): Promise<readonly Finding[]> {
  const { running, clock = systemClock, searchPath = process.env['PATH'] ?? '' } = options;
  const state = stateDir(options.stateDir);
  if (!existsSync(state.path)) {
    return [
      {
        check: 'folder',
        severity: 'error',
        message: `The state folder ${state.path} does not exist`,
        meaning: 'There is no agent here, or it is in another folder.',
        fix: 'mesh init --name NAME, mesh restore FILE, or name the right folder with --state-dir DIR',
      },
    ];
  }
  const { config, findings } = await examineConfig(state, searchPath);
  return inOrder([
    ...folderFindings(state),
    ...diskFindings(state),
    ...identityFindings(state, clock.now()),
    ...findings,
    ...databaseFindings(state.database),
    ...fileClockFindings(state, () => clock.now()),
    ...(running || config === undefined ? [] : await portFindings(config)),
    ...(running ? [] : stoppedFindings(state.running, state.log)),
  ]);
}

function databaseFindings(path: string): readonly Finding[] {
  if (!existsSync(path)) return [];
  const problem = checkDatabase(path);
  if (problem === undefined) return [];
  if (problem.code === 'STORE_TOO_NEW') {
    const meaning = 'A newer version of Agent Mesh ran here; this one would damage what it does not know.';
    return [{ check: 'version', severity: 'error', message: problem.message, meaning, fix: problem.hint }];
  }
  return [
    {
      check: 'database',
      severity: 'error',
      message: problem.message,
      meaning: 'The node does not start, or fails when it comes to the damaged part.',
      fix: `Stop the node, keep a copy, restore your last backup: mesh down, mesh restore FILE --force. Without one: sqlite3 ${shellWord(path)} ".recover" | sqlite3 recovered.db`,
    },
  ];
}

function stoppedFindings(running: string, log: string): readonly Finding[] {
  const wasKilled = existsSync(running);
  return [
    {
      check: 'node',
      severity: wasKilled ? 'warning' : 'note',
      message: wasKilled
        ? 'The node ended without being stopped: it was killed, or it failed'
        : 'The node is not running',
      meaning:
        'Nothing is sent or received. What can only be seen while it runs was not looked at: clocks of peers, own addresses, queues.',
      fix: wasKilled
        ? `Nothing is lost. See why it ended in ${log}, and start it: mesh up --detach`
        : 'mesh up --detach',
    },
  ];
}
