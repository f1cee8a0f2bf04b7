import { existsSync } from 'node:fs';
import { type Clock, type Limits, type Logger, MeshError } from '#kernel';
import type { MessageType } from '#protocol';
import { parseAnswer } from './answer.ts';
import { defaultRuntimeTypes, inboundJson } from './inbound-json.ts';
import { type ProgramResult, runProgram } from './program.ts';
import type { Answer, InboundMessage, Runtime } from './runtime.ts';

export interface CommandOptions {
  /** Program and arguments; `~`, `*`, `$` and quotes mean nothing, and nothing of a message is ever put here. */
  readonly command: readonly string[];
  readonly cwd?: string;
  /** Added to what is passed on from the node's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly types?: readonly MessageType[];
  readonly maxOutputBytes?: number;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
}

const defaultMaxOutputBytes = 256 * 1024;

/**
 * Starts a program for each message: JSON on its stdin, the answer on its stdout (docs/runtimes.md). Throws
 * INVALID_CONFIG.
 */
export function commandRuntime(options: CommandOptions): Runtime {
  const [file, ...args] = options.command;
  if (file === undefined || file === '') throw new MeshError('INVALID_CONFIG', 'The command runtime needs a command');
  const program: Program = { file, args, env: { ...inheritedEnvironment(process.env), ...options.env } };
  return {
    kind: 'command',
    types: options.types ?? defaultRuntimeTypes,
    concurrency: options.concurrency,
    handle: async (inbound, { signal }) => {
      signal.throwIfAborted();
      const result = await run(options, program, { inbound, signal });
      if (result.stopped === 'aborted') signal.throwIfAborted();
      return answerOf(result, { options, file, inbound });
    },
  };
}

interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface Call {
  readonly inbound: InboundMessage;
  readonly signal: AbortSignal;
}

async function run(options: CommandOptions, program: Program, { inbound, signal }: Call): Promise<ProgramResult> {
  const { timeoutMs, clock, cwd } = options;
  const maxOutputBytes = options.maxOutputBytes ?? defaultMaxOutputBytes;
  const stdin = `${inboundJson(inbound)}\n`;
  try {
    return await runProgram({
      ...program,
      // What it sends is caused by this message: the mesh command says so for it.
      env: { ...program.env, MESH_MESSAGE_ID: inbound.message.id },
      stdin,
      timeoutMs,
      maxOutputBytes,
      clock,
      signal,
      ...(cwd === undefined ? {} : { cwd }),
    });
  } catch (cause) {
    options.logger.warn('runtime.command.not-started', { messageId: inbound.message.id });
    throw notStarted(cause, { file: program.file, cwd });
  }
}

interface Outcome {
  readonly options: CommandOptions;
  readonly file: string;
  readonly inbound: InboundMessage;
}

function answerOf(result: ProgramResult, { options, file, inbound }: Outcome): Answer | undefined {
  const failure = failureOf(result, file, options);
  if (failure !== undefined) {
    const { exitCode, exitSignal } = result;
    const fields = { messageId: inbound.message.id, code: failure.code, exitCode, exitSignal };
    // What the program printed may quote the message: it goes to the inbox with the error, never to the log.
    options.logger.warn('runtime.command.failed', fields);
    throw failure;
  }
  return inbound.message.type === 'request' ? parseAnswer(result.stdout, options.limits) : undefined;
}

function failureOf(result: ProgramResult, file: string, options: CommandOptions): MeshError | undefined {
  const { exitCode, exitSignal, stderrTail } = result;
  const data = { exitCode, exitSignal, detail: stderrTail };
  if (result.stopped === 'timeout') {
    return new MeshError('HANDLER_TIMEOUT', `${file} took longer than ${options.timeoutMs} ms and was ended`, { data });
  }
  if (result.stopped === 'output') {
    const limit = options.maxOutputBytes ?? defaultMaxOutputBytes;
    return new MeshError('HANDLER_FAILED', `${file} wrote more than ${limit} bytes and was ended`, { data });
  }
  if (exitCode === 0) return undefined;
  const how = exitCode === null ? `was ended by ${exitSignal}` : `ended with exit code ${exitCode}`;
  return new MeshError('HANDLER_FAILED', `${file} ${how}`, { data });
}

function notStarted(cause: unknown, { file, cwd }: { file: string; cwd: string | undefined }): MeshError {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'unknown';
  if (cwd !== undefined && code === 'ENOENT' && !existsSync(cwd)) {
    const hint = 'Create the folder, or correct cwd in mesh.toml.';
    return new MeshError('HANDLER_FAILED', `The folder ${cwd}, in which ${file} should run, does not exist`, {
      cause,
      hint,
    });
  }
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such program',
    EACCES: 'it is not executable, or may not be read',
  };
  return new MeshError('HANDLER_FAILED', `${file} could not be started: ${reasons[code] ?? code}`, {
    cause,
    hint: 'Write the full path of the program in mesh.toml, and make it executable.',
    data: { reason: code },
  });
}

const passedOn = new Set([
  'PATH',
  'HOME',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TMP',
  'TEMP',
  'USER',
  'LOGNAME',
  'SHELL',
  'SYSTEMROOT',
  'COMSPEC',
  'PATHEXT',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
]);

/** What programs need to run, and nothing else: the node's environment may hold passphrases and tokens. */
function inheritedEnvironment(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const known = passedOn.has(name.toUpperCase()) || name.startsWith('LC_');
    if (known && value !== undefined) kept[name] = value;
  }
  return kept;
}
