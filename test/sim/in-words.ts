import type { Answer } from './pool.ts';

/** What a failing seed tells people: its story, the rule that was broken, and how to see it again. Nothing of one that is clean. */
export function inWords({ seed, violation, story }: Answer): readonly string[] {
  if (violation === undefined) return [];
  return [
    '',
    ...(story.length === 0 ? [] : [`Seed ${seed}, the story of ${violation.about.join(', ')}:`, '']),
    ...story.map((line) => `  ${line}`),
    '',
    `  Broken (${violation.rule}): ${violation.text}`,
    `  Again, with everything that happens: npm run sim -- --seed ${seed} --trace`,
    '',
  ];
}
