import type { Finding } from './finding.ts';
import { type PhraseRule, phraseRules } from './injection-rules.ts';
import type { Hit } from './stem-scan.ts';
import type { Meaning } from './stems.ts';

export type Place = Pick<Finding, 'at' | 'length'>;

export interface Phrase extends Place {
  readonly rule: PhraseRule;
}

/** By the meaning that can complete them. */
const completed = new Map<Meaning, PhraseRule[]>();
for (const rule of phraseRules) {
  for (const meaning of new Set(rule.needs)) completed.set(meaning, [...(completed.get(meaning) ?? []), rule]);
}

/** The first phrase of every rule. Costs a step for each hit and each rule that it may complete. */
export function findPhrases(hits: readonly Hit[]): readonly Phrase[] {
  if (!mayComplete(hits)) return [];
  const last = new Map<Meaning, Hit>();
  const found = new Map<PhraseRule, Phrase>();
  for (const hit of hits) {
    last.set(hit.meaning, hit);
    for (const rule of completed.get(hit.meaning) ?? []) {
      if (found.has(rule)) continue;
      const phrase = phraseAt(rule, hit, last);
      if (phrase !== undefined) found.set(rule, phrase);
    }
  }
  return [...found.values()];
}

/** Whether all meanings of any rule are there; mostly they are not. */
function mayComplete(hits: readonly Hit[]): boolean {
  if (hits.length < 2) return false;
  const seen = new Set<Meaning>();
  for (const { meaning } of hits) seen.add(meaning);
  return phraseRules.some(({ needs }) => needs.every((meaning) => seen.has(meaning)));
}

function phraseAt(rule: PhraseRule, hit: Hit, last: ReadonlyMap<Meaning, Hit>): Phrase | undefined {
  let [first, end, before, isOrdered, isDense] = [hit.at, hit.end, -1, true, hit.isDense];
  for (const meaning of rule.needs) {
    const one = last.get(meaning);
    if (one === undefined) return undefined;
    if (one.at < before) isOrdered = false;
    if (one.isDense) isDense = true;
    before = one.at;
    first = Math.min(first, one.at);
    end = Math.max(end, one.end);
  }
  if (rule.isDense === true && !isDense) return undefined;
  if (hit.at - first > (isDense ? rule.within / 3 : rule.within)) return undefined;
  return isOrdered || rule.anyOrder === true || isDense ? { rule, at: first, length: end - first } : undefined;
}
