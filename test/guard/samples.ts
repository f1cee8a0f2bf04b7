import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expandSample } from './expand-sample.ts';

/** One labelled text of the corpus. */
export interface Sample {
  readonly id: string;
  readonly label: 'hostile' | 'harmless';
  readonly direction: 'in' | 'out';
  readonly lang: string;
  /** Where the wording comes from. */
  readonly source: string;
  readonly text: string;
}

/** Every fourth sample, chosen by its id, is kept apart: rules are not made with it. */
export const isHeldOut = ({ id }: Pick<Sample, 'id'>): boolean =>
  (createHash('sha256').update(id).digest()[0] ?? 0) < 64;

export function readSamples(label: Sample['label']): readonly Sample[] {
  const lines = readFileSync(new URL(`./corpus/${label}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => {
    const sample = JSON.parse(line) as Omit<Sample, 'label'>;
    return { ...sample, label, text: expandSample(sample.text, sample.id) };
  });
}
