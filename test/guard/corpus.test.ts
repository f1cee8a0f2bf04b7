import { describe, expect, it } from 'vitest';
import { type Finding, inspectInbound, inspectOutbound, isSerious } from '#guard';
import { isHeldOut, readSamples, type Sample } from './samples.ts';

const hostile = readSamples('hostile');
const harmless = readSamples('harmless');

const look = ({ direction, text }: Sample): readonly Finding[] =>
  (direction === 'in' ? inspectInbound : inspectOutbound)([{ where: 'body', text }]);
const isFlagged = (sample: Sample): boolean => look(sample).some(isSerious);

interface Score {
  readonly flagged: number;
  readonly all: number;
}

function score(samples: readonly Sample[], part: 'tuned' | 'held out', direction: Sample['direction']): Score {
  const chosen = samples.filter((one) => isHeldOut(one) === (part === 'held out') && one.direction === direction);
  return { flagged: chosen.filter(isFlagged).length, all: chosen.length };
}

const share = ({ flagged, all }: Score): number => flagged / all;
const shown = ({ flagged, all }: Score): string => `${flagged}/${all} (${((100 * flagged) / all).toFixed(1)} %)`;

/** Microseconds for every message while warm; the best of three, because others use the machine too. */
function times(samples: readonly Sample[], size: number): { readonly p50: number; readonly p99: number } {
  const texts = samples.map((sample) => {
    const repeated = `${sample.text} `.repeat(Math.ceil(size / (sample.text.length + 1)));
    return { ...sample, text: size === 0 ? sample.text : repeated.slice(0, size) };
  });
  for (const one of texts) look(one);
  const taken = texts.map((one) => {
    const runs = [1, 2, 3].map(() => {
      const from = performance.now();
      look(one);
      return (performance.now() - from) * 1000;
    });
    return Math.min(...runs);
  });
  taken.sort((a, b) => a - b);
  const at = (part: number): number => taken[Math.floor(taken.length * part)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

describe('the labelled corpus', () => {
  it('has at least 300 hostile and 300 harmless samples, each once and with its source', () => {
    const all = [...hostile, ...harmless];
    expect(hostile.length).toBeGreaterThanOrEqual(300);
    expect(harmless.length).toBeGreaterThanOrEqual(300);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(new Set(all.map(({ direction, text }) => `${direction} ${text}`)).size).toBe(all.length);
    expect(all.filter(({ source }) => source.length < 10)).toEqual([]);
    const held = all.filter(isHeldOut).length / all.length;
    expect(held).toBeGreaterThan(0.2);
  });

  it.each([
    ['tuned', 'in', 0.9, 0.01],
    ['tuned', 'out', 0.88, 0.03],
    ['held out', 'in', 0.85, 0.03],
    ['held out', 'out', 0.8, 0.07],
  ] as const)('is told apart, %s part, %s', (part, direction, least, most) => {
    const found = score(hostile, part, direction);
    const wrong = score(harmless, part, direction);
    console.info(`guard corpus, ${part}, ${direction}: recall ${shown(found)}, false positives ${shown(wrong)}`);
    expect(share(found)).toBeGreaterThanOrEqual(least);
    expect(share(wrong)).toBeLessThanOrEqual(most);
  });

  it('is looked through in no time', () => {
    for (const size of [0, 256, 1024, 4096, 16_384]) {
      for (const label of [hostile, harmless]) {
        const { p50, p99 } = times(label, size);
        const name = label === hostile ? 'hostile' : 'harmless';
        const bytes = size === 0 ? 'as they are' : `${size} characters`;
        console.info(`guard time, ${name}, ${bytes}: p50 ${p50.toFixed(0)} us, p99 ${p99.toFixed(0)} us`);
        expect(p50).toBeGreaterThan(0);
      }
    }
  });

  it('never finds a secret text in what is told of it', () => {
    for (const sample of hostile.filter(({ direction }) => direction === 'out')) {
      const told = JSON.stringify(look(sample));
      const long = sample.text.match(/[A-Za-z0-9_/+-]{18,}/g) ?? [];
      for (const run of long) expect(told).not.toContain(run);
    }
  });
});
