import { foldLetters } from './fold.ts';
import { type Meaning, stems } from './stems.ts';

/** A stem that was found. */
export interface Hit {
  readonly meaning: Meaning;
  readonly at: number;
  readonly end: number;
  /** Of a script that is written without blanks, where words stand in another order. */
  readonly isDense: boolean;
}

interface Stem {
  readonly meaning: Meaning;
  readonly text: string;
  readonly isWhole: boolean;
  readonly isDense: boolean;
}

/** From here on scripts are written without blanks, or with blanks that mean something else. */
const denseFrom = 0x2e80;

const blank = 32;
/** Blank, tab, line breaks, hyphen, underscore, slash, colon, apostrophes. */
const gaps: ReadonlySet<number> = new Set([32, 9, 10, 13, 45, 95, 47, 58, 39, 0x2019]);
const isGap = (code: number): boolean => gaps.has(code);

const keyOf = (first: number, second: number, third: number): number =>
  (first * 31 + second * 7919 + third * 131) & 0xffff;

/** Whether any stem begins with three such characters; a shorter stem stands for all that it may go on with. */
const begins = new Uint8Array(0x10000);
const byKey = new Map<number, readonly Stem[]>();
/** Of one or two characters. */
const short = new Map<number, readonly Stem[]>();
const shortFirst = new Uint8Array(0x10000);

for (const [meaning, list] of Object.entries(stems)) {
  for (const written of new Set(list.split('|'))) addStem(meaning as Meaning, written);
}

function addStem(meaning: Meaning, written: string): void {
  const isWhole = written.endsWith('.') && written.length > 2 && !written.startsWith('.');
  const text = foldLetters(isWhole ? written.slice(0, -1) : written);
  const first = text.charCodeAt(0);
  const stem = { meaning, text, isWhole, isDense: first >= denseFrom };
  if (text.length < 3) {
    shortFirst[first] = 1;
    short.set(first, [...(short.get(first) ?? []), stem]);
    return;
  }
  const third = text.charCodeAt(2);
  // Where a stem has a blank, other characters may stand.
  for (const one of third === blank ? gaps : [third]) {
    const key = keyOf(first, text.charCodeAt(1), one);
    begins[key] = 1;
    byKey.set(key, [...(byKey.get(key) ?? []), stem]);
  }
}

/** Short words that only count as a whole. */
const shortWord = 4;

const isWordChar = (code: number): boolean => {
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
  return code >= 0xc0 && code < denseFrom && !isMark(code);
};

const isMark = (code: number): boolean => (code >= 0x2000 && code <= 0x2bff) || code === 0xd7 || code === 0xf7;

/**
 * Every stem in a folded text, in order: one pass, and per place only the few stems that begin with the same two letters. `anywhere` also
 * finds stems inside words.
 */
export function scanStems(text: string, { anywhere = false }: { readonly anywhere?: boolean } = {}): readonly Hit[] {
  const hits: Hit[] = [];
  let wasWord = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const isDense = code >= denseFrom;
    const isWord = isDense || isWordChar(code);
    const isStart = isDense || anywhere || !wasWord || code === 64;
    wasWord = isWord && !isDense;
    if (!isStart || !(isWord || code === 46 || code === 64)) continue;
    if (shortFirst[code] === 1) addHits(hits, { text, at, candidates: short.get(code), anywhere });
    addLong(hits, text, { at, anywhere });
  }
  return hits;
}

function addLong(hits: Hit[], text: string, { at, anywhere }: Pick<Place, 'at' | 'anywhere'>): void {
  if (at + 2 >= text.length) return;
  const key = keyOf(text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2));
  if (begins[key] === 1) addHits(hits, { text, at, candidates: byKey.get(key), anywhere });
}

interface Place {
  readonly text: string;
  readonly at: number;
  readonly candidates: readonly Stem[] | undefined;
  readonly anywhere: boolean;
}

function addHits(hits: Hit[], { text, at, candidates = [], anywhere }: Place): void {
  for (const stem of candidates) {
    const end = endOf(text, at, stem.text);
    if (end === -1) continue;
    const isShort = stem.text.length < shortWord && isWordChar(stem.text.charCodeAt(0));
    const mustEnd = !stem.isDense && (stem.isWhole || isShort);
    if (mustEnd && (anywhere || (end < text.length && isWordChar(text.charCodeAt(end))))) continue;
    hits.push({ meaning: stem.meaning, at, end, isDense: stem.isDense });
  }
}

/** How much may stand where a stem has a blank: quotes, line breaks, hyphens. */
const maxGap = 4;

/** Where the stem ends in the text; -1 when it does not stand there. */
function endOf(text: string, at: number, stem: string): number {
  let place = at;
  for (let index = 0; index < stem.length; index += 1) {
    const wanted = stem.charCodeAt(index);
    if (wanted === blank) {
      const from = place;
      while (place < text.length && place - from < maxGap && isGap(text.charCodeAt(place))) place += 1;
      if (place === from) return -1;
    } else if (text.charCodeAt(place) === wanted) place += 1;
    else return -1;
  }
  return place;
}
