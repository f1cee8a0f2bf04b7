import { isSerious, type Finding, type GuardedText, type Severity } from './finding.ts';
import { disguisedWords, type Folded, fold, lowerCase } from './fold.ts';
import { decodedParts } from './hidden-text.ts';
import { markRules, speakers } from './injection-rules.ts';
import { findPhrases, type Phrase } from './phrase-scan.ts';
import { type Hit, scanStems } from './stem-scan.ts';

type Told = Omit<Finding, 'kind' | 'where'>;

/** Anything but words in a row: markup, codes, letters that stand apart, digits inside words, names before a colon. */
const special = /-{3}|[a-z][0134570@$!][a-z0134570@$!]|\b[a-z][ ._-][a-z][ ._-][a-z]\b|^[ \t>]{0,4}[a-z ]{4,14}:/im;

const longRun = 20;
/** Of each ASCII character: 1 when it may belong to a code, 2 when it is more than punctuation. */
const kinds = Uint8Array.from({ length: 128 }, (_, code) => {
  const sign = String.fromCharCode(code);
  if (/[A-Za-z0-9+/_-]/.test(sign)) return 1;
  return /[<[#{|%\\*=]/.test(sign) || (code < 32 && !/[\t\n\r]/.test(sign)) || code === 127 ? 2 : 0;
});

/** Signs of markup or of a code, or characters of other alphabets. */
function hasSigns(text: string): boolean {
  let run = 0;
  for (let at = 0; at < text.length; at += 1) {
    const kind = kinds[text.charCodeAt(at)] ?? 2;
    if (kind === 2) return true;
    run = kind === 1 ? run + 1 : 0;
    if (run === longRun) return true;
  }
  return false;
}

/** What in the text is meant for a model rather than for a reader. Looks at all of it, and into what is encoded, once. */
export function scanInjection({ where, text }: GuardedText): readonly Finding[] {
  if (!hasSigns(text) && !special.test(text)) return scanWords({ where, text });
  const folded = fold(text);
  const hits = scanStems(folded.text);
  const told = [
    ...phrasesOf(folded.text, hits),
    ...marksOf(folded.text),
    ...hiddenOf(folded),
    ...disguised(folded.text, hits),
  ];
  told.push(...spoken(folded.text, told), ...encoded(folded), ...secondary(folded.text, told));
  return unique(told).map((one) => ({ ...one, kind: 'injection' as const, where }));
}

/** Most messages: words, which mostly mean nothing together. */
function scanWords({ where, text }: GuardedText): readonly Finding[] {
  const folded = lowerCase(text);
  const hits = scanStems(folded);
  const isCoded = hits.some(({ meaning }) => meaning === 'rot13' || meaning === 'backwards');
  const told = [...phrasesOf(folded, hits), ...(isCoded ? disguised(folded, hits) : [])];
  return unique(told).map((one) => ({ ...one, kind: 'injection' as const, where }));
}

/** The most serious of each rule. */
function unique(told: readonly Told[]): readonly Told[] {
  const best = new Map<string, Told>();
  for (const one of told) {
    const before = best.get(one.rule);
    if (before === undefined || rank(one) > rank(before)) best.set(one.rule, one);
  }
  return [...best.values()];
}

const rank = ({ severity }: Told): number => ['low', 'medium', 'high'].indexOf(severity);

function phrasesOf(text: string, hits: readonly Hit[]): readonly Told[] {
  if (hits.length < 2) return [];
  // Not the word in the name of a host.
  const isTalk = hits.some(({ meaning, at, end }) => meaning === 'talk' && text[at - 1] !== '.' && text[end] !== '.');
  return findPhrases(hits).map((phrase) => toldOf(phrase, isTalk && isQuoted(text, phrase)));
}

function toldOf({ rule, at, length }: Phrase, isQuotedTalk: boolean): Told {
  const { rule: name, says } = rule;
  return { rule: name, severity: isQuotedTalk ? 'low' : rule.severity, at, length, says };
}

const quotes = new Set('"\'`“„«「『‘‹《');

/** A phrase that begins right after a quotation mark, or stands in a quoted line or in a block of code. */
function isQuoted(text: string, { at }: Phrase): boolean {
  for (let place = at - 1; place >= Math.max(0, at - 28); place -= 1) {
    const sign = text[place] ?? '';
    if (quotes.has(sign) && !/[a-z0-9]/.test(text[place - 1] ?? ' ') && text[place + 1] !== '>') return true;
    if (sign === '\n') return /^[>|]/.test(text.slice(place + 1, place + 2));
  }
  return false;
}

function marksOf(text: string): readonly Told[] {
  if (!/[<[#*={\-"'【：:]/.test(text)) return [];
  return markRules.flatMap(({ rule, severity, marks, says }) => {
    for (const mark of marks) {
      const at = text.indexOf(mark);
      if (at === -1) continue;
      const isCode = text[at - 1] === '`';
      return [{ rule, severity: isCode ? 'low' : severity, at, length: mark.length, says }];
    }
    return [];
  });
}

const speakerLine = new RegExp(
  `(?:^|\\n)[ \\t>*_#]{0,4}(${speakers.join('|')})[*_]{0,2} ?(?:\\([^)\\n]{0,30}\\) ?)?[:：]`,
  'g',
);

/** Lines of a forged conversation: suspicious when another finding or a second speaker is there, too. */
function spoken(text: string, others: readonly Told[]): readonly Told[] {
  const lines = [...text.matchAll(speakerLine)];
  const [first] = lines;
  if (first === undefined) return [];
  const names = new Set(lines.map(([, name]) => name));
  const isForged =
    others.length > 0 || (names.size > 1 && (names.has('system') || names.has('human') || names.has('assistant')));
  const says = 'has lines of a conversation that others seem to say';
  return [
    { rule: 'fake-speaker', severity: isForged ? 'medium' : 'low', at: first.index, length: first[0].length, says },
  ];
}

function hiddenOf(folded: Folded): readonly Told[] {
  const told: Told[] = [];
  const add = (rule: string, severity: Severity, says: string): void => {
    told.push({ rule, severity, at: 0, length: 0, says });
  };
  if (folded.tagged.length > 3) add('hidden-tags', 'high', 'has text in characters that nobody sees');
  if (folded.invisible > 0)
    add('invisible-characters', folded.invisible > 2 ? 'medium' : 'low', 'has invisible characters inside words');
  if (folded.overrides > 0)
    add('direction-override', 'medium', 'changes the direction of writing, so that it is not read as it stands');
  else if (folded.bidi > 0) add('direction-marks', 'low', 'has marks of direction that its text does not need');
  if (folded.mixedWords > 0)
    add('look-alikes', folded.mixedWords > 2 ? 'medium' : 'low', 'has words of letters that look like others');
  const inTags = phrasesIn(folded.tagged.toLowerCase());
  return [...told, ...inTags.map((one) => ({ ...one, severity: 'high' as const }))];
}

const phrasesIn = (text: string, options?: { readonly anywhere: boolean }): readonly Told[] =>
  text === '' ? [] : findPhrases(scanStems(text, options)).map((phrase) => toldOf(phrase, false));

/** Words that are written so that they are not found: apart, with digits, turned around, shifted. */
function disguised(text: string, hits: readonly Hit[]): readonly Told[] {
  const found = [...phrasesIn(disguisedWords(text), { anywhere: true })];
  const plain = new Set(findPhrases(hits).map(({ rule }) => rule.rule));
  const meanings = new Set(hits.map(({ meaning }) => meaning));
  if (meanings.has('rot13')) found.push(...phrasesIn(rot13(text)));
  if (meanings.has('backwards')) found.push(...phrasesIn(Array.from(text).toReversed().join('')));
  return found
    .filter(({ rule }) => !plain.has(rule))
    .map(({ rule, says, severity }) => ({ rule, severity, at: 0, length: text.length, says: `${says}, in disguise` }));
}

const rot13 = (text: string): string =>
  text.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 97 + 13) % 26) + 97));

/** What stands in a code and asks for something is never meant for a reader. */
function encoded({ exact }: Folded): readonly Told[] {
  return decodedParts(exact).flatMap(({ at, length, text, code }) => {
    const { text: inside } = fold(text);
    const told = [...phrasesIn(inside), ...marksOf(inside).filter(({ severity }) => severity !== 'low')];
    return told.map(({ rule, says }) => ({
      rule,
      severity: 'high' as const,
      at,
      length,
      says: `${says}, encoded as ${code}`,
    }));
  });
}

const imageWithData =
  /!\[[^\]\n]{0,200}\]\(https?:\/\/[^)\s]{1,500}[?&/][^)\s]{0,200}(?:\{|%7b|\$|<|\[|data=|prompt=|secret|history|conversation|token=|leak)/;
const pipedShell =
  /(?:curl|wget)[^\n|]{0,300}\|[ ]{0,3}(?:sudo )?(?:ba|z|da)?sh\b|base64 (?:-d|--decode)[^\n|]{0,100}\|[ ]{0,3}(?:ba)?sh\b|powershell[^\n]{0,60} -e(?:nc|ncodedcommand)?\s/;

/** What counts by its form, and what becomes serious beside something else. */
function secondary(text: string, others: readonly Told[]): readonly Told[] {
  const told: Told[] = [];
  const image = text.includes('](http') ? imageWithData.exec(text) : null;
  if (image !== null) {
    told.push({
      rule: 'image-exfiltration',
      severity: 'high',
      at: image.index,
      length: image[0].length,
      says: 'has a picture whose address carries data away',
    });
  }
  const piped = text.includes('|') || text.includes('powershell') ? pipedShell.exec(text) : null;
  if (piped !== null) {
    told.push({
      rule: 'piped-shell',
      severity: 'medium',
      at: piped.index,
      length: piped[0].length,
      says: 'has a command that runs what it downloads or decodes',
    });
  }
  const isHidden = others.some(({ rule }) => rule === 'hidden-markup');
  const isAsking = others.some(
    (one) => one.rule !== 'hidden-markup' && isSerious({ ...one, kind: 'injection', where: '' }),
  );
  if (isHidden && isAsking)
    told.push({
      rule: 'hidden-markup',
      severity: 'high',
      at: 0,
      length: 0,
      says: 'has text that is not shown, and asks for something',
    });
  return told;
}
