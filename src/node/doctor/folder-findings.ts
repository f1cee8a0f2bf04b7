import { accessSync, constants, existsSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shellWord } from '#kernel';
import { agentDirs, cardFile, keyFile } from '../agent-files.ts';
import { snapshots } from '../recovery/make-backup.ts';
import { stagedRestores } from '../recovery/restore-backup.ts';
import type { StateDir } from '../state-dir.ts';
import type { Finding } from './finding.ts';

const modeText = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');

/** The folder itself, and whether others can read what is secret in it. Looks at modes only, never at contents. */
export function folderFindings(state: StateDir): readonly Finding[] {
  return [...ownFindings(state.path), ...secretFindings(state), ...leftOverFindings(state)];
}

function ownFindings(path: string): readonly Finding[] {
  const { mode, uid } = statSync(path);
  const findings: Finding[] = [];
  if (process.getuid !== undefined && process.getuid() !== 0 && uid !== process.getuid()) {
    findings.push({
      check: 'folder',
      severity: 'error',
      message: `The state folder ${path} belongs to another user`,
      meaning: 'This user cannot run the node on it.',
      fix: `Run the command as its owner, or: sudo chown -R "$(id -un)" ${shellWord(path)}`,
    });
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    findings.push({
      check: 'folder',
      severity: (mode & 0o022) === 0 ? 'warning' : 'error',
      message: `The state folder ${path} has mode ${modeText(mode)}: other users may look into it${(mode & 0o022) === 0 ? '' : ' and change it'}`,
      meaning: 'Whoever can read the database reads your messages; whoever can write here can replace your keys.',
      fix: `chmod 700 ${shellWord(path)}`,
    });
  }
  if (!isWritable(path)) {
    findings.push({
      check: 'folder',
      severity: 'error',
      message: `The state folder ${path} cannot be written`,
      meaning: 'Nothing can be accepted or received.',
      fix: `chmod u+rwx ${shellWord(path)}, or mount its file system for writing`,
    });
  }
  return findings;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function secretFindings(state: StateDir): readonly Finding[] {
  if (process.platform === 'win32') return [];
  const keys = agentDirs(state).map(({ dir }) => keyFile(dir));
  const others = [state.token, state.database, `${state.database}-wal`, `${state.database}-shm`];
  return [
    ...keys.filter((path) => existsSync(path)).flatMap((path) => openFile(path, 'error')),
    ...others.filter((path) => existsSync(path)).flatMap((path) => openFile(path, 'warning')),
  ];
}

function openFile(path: string, severity: 'error' | 'warning'): readonly Finding[] {
  const { mode } = statSync(path);
  if ((mode & 0o077) === 0) return [];
  return [
    {
      check: 'keys',
      severity,
      message: `${path} has mode ${modeText(mode)}: other users of this machine can get at it`,
      meaning:
        severity === 'error'
          ? 'Whoever reads the keys is your agent. The node does not start like this.'
          : 'It holds what is yours alone.',
      fix: `chmod 600 ${shellWord(path)}`,
    },
  ];
}

/** What a killed backup or restore left: copies of everything that is secret. */
function leftOverFindings(state: StateDir): readonly Finding[] {
  const stale = [
    ...snapshots(state).filter(({ isStale }) => isStale),
    ...stagedRestores(state).map((path) => ({ path })),
  ];
  return stale.map(({ path }) => ({
    check: 'folder',
    severity: 'warning',
    message: `${path} was left by a backup or restore that was cut off`,
    meaning: 'It takes up room and holds a copy of your messages. If none is at work now, nothing needs it.',
    fix: `rm -r ${shellWord(path)}`,
  }));
}

const gigabyte = 1024 ** 3;
const diskError = 64 * 1024 * 1024;
const diskWarning = gigabyte / 2;

export function diskFindings(state: StateDir): readonly Finding[] {
  const { bavail, bsize, files, ffree } = statfsSync(state.path);
  const free = bavail * bsize;
  const what = {
    check: 'disk',
    meaning: 'When it is full, nothing more is accepted from your agent, and peers keep what they have for it.',
    fix: `See what takes up room and remove what is not needed: du -xh -d 2 ${shellWord(dirname(state.path))} | sort -h | tail`,
  } as const;
  // File systems that make inodes as needed say 0 of 0.
  if (files > 0 && ffree < 100)
    return [{ ...what, severity: 'error', message: `The disk of ${state.path} has room for ${ffree} more files` }];
  if (free >= diskWarning) return [];
  const message = `The disk of ${state.path} has ${Math.floor(free / 1024 ** 2)} MB left`;
  return [{ ...what, severity: free < diskError ? 'error' : 'warning', message }];
}

const clockToleranceMs = 60_000;

/** The clock of this machine against that of the file system, and against what was written here before. */
export function fileClockFindings(state: StateDir, now: () => number): readonly Finding[] {
  const fix =
    'Let the system set its clock: sudo timedatectl set-ntp true. Then restart the node: mesh down, mesh up --detach';
  const written = [state.database, cardFile(state.path), state.config].filter((path) => existsSync(path));
  const newest = Math.max(0, ...written.map((path) => statSync(path).mtimeMs));
  if (newest > now() + clockToleranceMs) {
    return [
      {
        check: 'clock',
        severity: 'error',
        message: `The clock of this machine went back: a file here was written ${minutes(newest - now())} in the future`,
        meaning: 'Times of messages are wrong, they live too long or end too early, and contact requests are refused.',
        fix,
      },
    ];
  }
  const offset = probeFileClock(state, now);
  if (offset === undefined || Math.abs(offset) <= clockToleranceMs) return [];
  return [
    {
      check: 'clock',
      severity: 'warning',
      message: `The file system of ${state.path} has another time than this machine: ${minutes(Math.abs(offset))} ${offset > 0 ? 'ahead' : 'behind'}`,
      meaning: 'One of the two clocks is wrong; it is probably a network drive.',
      fix,
    },
  ];
}

function probeFileClock(state: StateDir, now: () => number): number | undefined {
  const path = join(state.path, `.clock-${process.pid}`);
  try {
    writeFileSync(path, '', { mode: 0o600 });
    return statSync(path).mtimeMs - now();
  } catch {
    // That it cannot be written is another finding.
    return undefined;
  } finally {
    rmSync(path, { force: true });
  }
}

export const minutes = (ms: number): string =>
  ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
