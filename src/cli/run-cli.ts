import type { CliPorts, Output } from './ports.ts';
import { parseCommandLine } from './program.ts';
import type { GlobalFlags } from './settings.ts';

export interface CliOptions {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Made only when a verb runs: help needs none of it. */
  ports(): Promise<CliPorts>;
}

const interrupted = 130;

/** The whole command line: `words` are those after `mesh`. Resolves with the exit code; never throws. */
export async function runCli(words: readonly string[], options: CliOptions): Promise<number> {
  let globals: GlobalFlags = guessGlobals(words);
  try {
    const parsed = await parseCommandLine(words, options.stdout);
    if (parsed.kind === 'printed') return 0;
    if (parsed.kind === 'version') {
      options.stdout.write(`${(await import('#host')).packageVersion()}\n`);
      return 0;
    }
    if (parsed.kind === 'refused') {
      const { usageError } = await import('./usage-error.ts');
      throw usageError(parsed.refusal.text, parsed.refusal.verb);
    }
    globals = parsed.call.globals;
    const [verb, { runVerb }, ports] = await Promise.all([
      parsed.call.load(),
      import('./run-verb.ts'),
      options.ports(),
    ]);
    return await runVerb(verb, parsed.call, ports);
  } catch (error) {
    if (options.signal.aborted) return interrupted;
    const { reportError } = await import('./report-error.ts');
    return reportError(error, { globals, environment: options.environment, stderr: options.stderr });
  }
}

/** For a command line that does not parse: whether its error should be JSON. */
function guessGlobals(words: readonly string[]): GlobalFlags {
  const end = words.indexOf('--');
  return { json: (end === -1 ? words : words.slice(0, end)).includes('--json') };
}
