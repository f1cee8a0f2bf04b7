// The process behind `mesh`. Starting it loads commander and the table of verbs; everything else is loaded by the verb
// that needs it.
import { processOutput } from './process-output.ts';
import { runCli } from './run-cli.ts';

const interrupt = new AbortController();
let received: NodeJS.Signals | undefined;

/** The first signal asks for an orderly end, the second one insists. */
function onSignal(signal: NodeJS.Signals): void {
  if (received !== undefined) process.exit(exitCodeOf(signal));
  received = signal;
  interrupt.abort(new Error(`Ended by ${signal}`));
}

const exitCodeOf = (signal: NodeJS.Signals): number => (signal === 'SIGTERM' ? 143 : 130);

process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
// `mesh outbox | head` closes the pipe early, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const stdout = processOutput(process.stdout);
const stderr = processOutput(process.stderr);
const code = await runCli(process.argv.slice(2), {
  stdout,
  stderr,
  environment: process.env,
  signal: interrupt.signal,
  ports: async () => {
    const { processPorts } = await import('./process-ports.ts');
    return processPorts({ stdout, stderr, signal: interrupt.signal });
  },
});
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
);
process.exit(code === 130 && received !== undefined ? exitCodeOf(received) : code);
