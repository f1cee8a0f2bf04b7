import { homedir } from 'node:os';
import { type FakeOptions, type FakeRun, mesh } from './fake-mesh.ts';

/**
 * A transcript is what a terminal shows: `$ mesh …` lines, each followed by its stdout, by its stderr with `! ` before
 * each line, and by `[exit N]` unless N is 0. Lines that begin with `#` are for the reader; `#stdin TEXT` and
 * `#terminal 80` set up the next command.
 */
export interface Step {
  readonly notes: readonly string[];
  readonly command: string;
  readonly output: string;
}

export function parseTranscript(text: string): readonly Step[] {
  const steps: { notes: string[]; command: string; output: string }[] = [];
  let notes: string[] = [];
  for (const line of text.replace(/\n$/, '').split('\n')) {
    if (line.startsWith('#')) notes.push(line);
    else if (line.startsWith('$ ')) {
      steps.push({ notes, command: line.slice(2), output: '' });
      notes = [];
    } else if (notes.length > 0) notes.push(line);
    else {
      const last = steps.at(-1);
      if (last !== undefined) last.output += `${line}\n`;
    }
  }
  return steps;
}

export const formatTranscript = (steps: readonly Step[]): string =>
  steps.map(({ notes, command, output }) => [...notes, `$ ${command}`, output].join('\n')).join('');

/** Runs the command of one step and returns what a terminal would show, with an empty line at its end. */
export async function runStep({ notes, command }: Step, options: FakeOptions = {}): Promise<string> {
  const run = await mesh(wordsOf(command).slice(1), { ...options, ...directivesOf(notes) });
  return shownOf(run);
}

function directivesOf(notes: readonly string[]): FakeOptions {
  const stdin = notes.find((note) => note.startsWith('#stdin '))?.slice('#stdin '.length);
  const terminal = notes.find((note) => note.startsWith('#terminal '))?.slice('#terminal '.length);
  return {
    environment: { AGENT_MESH_HOME: '' },
    ...(stdin === undefined ? {} : { stdin }),
    ...(terminal === undefined ? {} : { terminal: Number(terminal) }),
  };
}

function shownOf({ code, stdout, stderr }: FakeRun): string {
  const errors =
    stderr === ''
      ? []
      : stderr
          .replace(/\n$/, '')
          .split('\n')
          .map((line) => `! ${line}`);
  const lines = stdout === '' ? [] : stdout.replace(/\n$/, '').split('\n');
  const shown = [...lines, ...errors, ...(code === 0 ? [] : [`[exit ${code}]`]), '', ''].join('\n');
  // The same on every machine.
  return shown.replaceAll(homedir(), '/home/alice');
}

/** Words of a command line: quotes of both kinds, no expansion. */
export function wordsOf(command: string): readonly string[] {
  const words = command.match(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g) ?? [];
  return words.map((word) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_all, single?: string, double?: string) => single ?? double ?? ''),
  );
}
