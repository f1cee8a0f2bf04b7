import { type MeshError, toMeshError } from '#kernel';
import { createPaint } from './paint.ts';
import type { Output } from './ports.ts';
import { pasteable, settingsOf, type GlobalFlags } from './settings.ts';
import { jsonText, visible } from './terminal-text.ts';

interface ErrorReport {
  readonly globals: GlobalFlags;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stderr: Output;
}

/** Writes `error[CODE]: …` and `hint: …`, or the same as JSON, and returns the exit code of the error table. */
export function reportError(thrown: unknown, { globals, environment, stderr }: ErrorReport): number {
  const error = toMeshError(thrown);
  const settings = settingsOf(globals, environment);
  const hint = pasteable(error.hint, settings);
  if (settings.json) {
    const data = Object.keys(error.data).length === 0 ? {} : { data: error.data };
    stderr.write(`${jsonText({ error: { code: error.code, message: error.message, hint, ...data } })}\n`);
    return error.exitCode;
  }
  const colours = settings.colours && stderr.isTerminal;
  const paint = createPaint({ colours, width: stderr.columns, now: 0, offsetMinutes: () => 0 });
  const lines = [
    `${paint.colour('red', `error[${error.code}]:`)} ${visible(error.message)}`,
    ...matchesOf(error).map((match) => `  ${visible(match)}`),
    `${paint.colour('yellow', 'hint:')} ${visible(hint)}`,
  ];
  stderr.write(`${lines.join('\n')}\n`);
  return error.exitCode;
}

/** What an ambiguous name could mean. */
function matchesOf(error: MeshError): readonly string[] {
  const { matches } = error.data;
  return error.code === 'AMBIGUOUS' && Array.isArray(matches) ? matches.map(textOf).slice(0, 10) : [];
}

/** A match is a text, or an object of texts such as a name and an id. */
const textOf = (match: unknown): string =>
  typeof match === 'object' && match !== null ? Object.values(match).map(String).join('  ') : String(match);
