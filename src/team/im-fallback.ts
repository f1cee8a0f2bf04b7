import { existsSync } from 'node:fs';
import { type Clock, MeshError, toMeshError } from '#kernel';
import { runProgram } from '#runtime';
import { labelOf, type Teammate } from './teammate.ts';

export interface ImOptions {
  /** Absolute path of the program. */
  readonly program: string;
  readonly emailDomain: string;
  /** Email of who sends. */
  readonly from: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  redact(text: string): string;
}

export interface Unreached {
  readonly teammate: Teammate;
  readonly message: string;
  /** Why the agent was not reached. */
  readonly problem: MeshError;
}

/** What became of it. */
export interface Told {
  /** Email address of the teammate. */
  readonly to: string;
  readonly program: string;
  readonly sent: boolean;
  /** Why not. */
  readonly detail?: string;
}

const timeoutMs = 30_000;
const maxOutputBytes = 64 * 1024;

export const imAddress = ({ emailPrefix }: Teammate, { emailDomain }: Pick<ImOptions, 'emailDomain'>): string =>
  `${emailPrefix}@${emailDomain}`;

/**
 * Has the program tell a teammate over another way. It gets JSON on its stdin; one that ends in `.py` also what such scripts of the original
 * take, `--to EMAIL --msg TEXT`. No shell reads any of it. Rejects only with the reason of the signal.
 */
export async function tellByIm(options: ImOptions, unreached: Unreached, signal: AbortSignal): Promise<Told> {
  const { program, environment, clock, redact } = options;
  const to = imAddress(unreached.teammate, options);
  const [file, args] = commandOf(program, to, unreached.message);
  const env = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const stdin = `${JSON.stringify(inputOf(options, to, unreached))}\n`;
  try {
    const input = { file, args, env, stdin, timeoutMs, maxOutputBytes, clock, signal };
    const { exitCode, exitSignal, stderrTail, stopped } = await runProgram(input);
    signal.throwIfAborted();
    if (exitCode === 0 && stopped === undefined) return { to, program, sent: true };
    const how =
      stopped === 'timeout'
        ? `took longer than ${timeoutMs / 1000} s`
        : `ended with ${exitCode ?? exitSignal ?? stopped}`;
    const said = redact(stderrTail.trim()).slice(-500);
    return { to, program, sent: false, detail: said === '' ? how : `${how}: ${said}` };
  } catch (error) {
    signal.throwIfAborted();
    return { to, program, sent: false, detail: `could not be started: ${toMeshError(error).message}` };
  }
}

function commandOf(program: string, to: string, message: string): readonly [file: string, args: readonly string[]] {
  if (!program.endsWith('.py')) return [program, []];
  return ['python3', [program, '--to', to, '--msg', `[agent-mesh fallback] ${message}`]];
}

function inputOf({ from }: ImOptions, to: string, { teammate, message, problem }: Unreached): object {
  const { name, emailPrefix } = teammate;
  return {
    to,
    name,
    emailPrefix,
    from,
    message,
    reason: problem.code,
    text: `${labelOf(teammate)}: ${problem.message}`,
  };
}

/** Throws INVALID_CONFIG when there is no such program. */
export function checkProgram(program: string): void {
  if (existsSync(program)) return;
  throw new MeshError('INVALID_CONFIG', `MESH_IM_FALLBACK: there is no program ${program}`, {
    hint: 'Name an executable file, or switch it off: export MESH_IM_FALLBACK=none',
  });
}
