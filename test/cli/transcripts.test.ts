import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatTranscript, parseTranscript, runStep } from './transcript.ts';

const folder = join(import.meta.dirname, 'transcripts');
/** `UPDATE_TRANSCRIPTS=1 npx vitest run test/cli` writes what the program says now; the diff is then reviewed. */
const update = process.env['UPDATE_TRANSCRIPTS'] === '1';

describe.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s', (name) => {
  const path = join(folder, name);
  const steps = parseTranscript(readFileSync(path, 'utf8'));

  it('shows what a person sees on a terminal, line by line', async () => {
    expect(steps.length).toBeGreaterThan(0);
    const played = [];
    for (const step of steps) played.push({ ...step, output: (await runStep(step)).replace(/\n$/, '') });
    const text = formatTranscript(played);
    if (update) writeFileSync(path, text);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  it('fits 80 columns, except for errors, documents and what has no place to break', () => {
    const lines = steps
      .filter(({ command }) => !/--json|export/.test(command))
      .flatMap(({ output }) => output.split('\n'));
    const breakable = lines.filter(
      (line) => !line.startsWith('! ') && line.split(' ').every((word) => word.length < 40),
    );
    // oxlint-disable-next-line no-control-regex -- colours take no columns
    const wide = breakable.filter((line) => line.replaceAll(/\u001b\[\d*m/g, '').length > 80);
    expect(breakable.length).toBeGreaterThan(0);
    expect(wide).toEqual([]);
  });
});
