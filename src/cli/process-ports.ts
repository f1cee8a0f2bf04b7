import { addAbortSignal } from 'node:stream';
import { systemClock } from '#kernel';
import { connect } from './connect.ts';
import type { CliPorts, Input, Output } from './ports.ts';

export interface ProcessStreams {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly signal: AbortSignal;
}

/** The ports of a real process. */
export function processPorts({ stdout, stderr, signal }: ProcessStreams): CliPorts {
  const nodeDoor: CliPorts['nodeDoor'] = async () => import('#node');
  return {
    stdin: processInput(signal),
    stdout,
    stderr,
    environment: process.env,
    clock: systemClock,
    signal,
    offsetMinutes: (at) => -new Date(at).getTimezoneOffset(),
    connect: (options) => connect(options, nodeDoor),
    nodeDoor,
    hubDoor: async () => import('./hub/hub-process.ts'),
  };
}

function processInput(signal: AbortSignal): Input {
  return {
    get isTerminal() {
      return process.stdin.isTTY;
    },
    async text() {
      process.stdin.setEncoding('utf8');
      addAbortSignal(signal, process.stdin);
      let text = '';
      for await (const chunk of process.stdin) text += String(chunk);
      return text;
    },
    async line(question) {
      const { createInterface } = await import('node:readline/promises');
      // Without `terminal` the terminal stays in its own mode, so that Ctrl-C is a signal.
      const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
      try {
        const closed = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
        return await Promise.race([reader.question(question, { signal }), closed]);
      } finally {
        reader.close();
      }
    },
    async secret(question) {
      const { readSecretLine } = await import('./secret-line.ts');
      process.stderr.write(question);
      try {
        return await readSecretLine(process.stdin, { signal, interrupt: () => process.kill(process.pid, 'SIGINT') });
      } finally {
        process.stderr.write('\n');
      }
    },
  };
}
