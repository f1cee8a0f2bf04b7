import { leet, lookAlikes } from './confusables.ts';

/** A text as the rules read it, and what was hidden in it. */
export interface Folded {
  /** Lower case, compatibility forms replaced, accents and invisible characters gone, look-alikes in mixed words replaced. */
  readonly text: string;
  /** The same before case and accents were folded: for what is told by its exact letters. */
  readonly exact: string;
  /** What was written in tag characters, which nobody sees. */
  readonly tagged: string;
  /** Invisible characters between two letters of the Latin alphabet. */
  readonly invisible: number;
  /** Characters that change the direction of what follows, without any letter that is written from right to left. */
  readonly bidi: number;
  /** Overrides of the direction, which no language needs. */
  readonly overrides: number;
  /** Words of letters of two alphabets that look alike. */
  readonly mixedWords: number;
}

const plain = /^[\t\n\r\x20-\x7e]*$/;

export function fold(text: string): Folded {
  if (plain.test(text)) return { ...nothingHidden, text: lowerCase(text), exact: text };
  const seen = stripInvisible(text);
  const composed = seen.text.normalize('NFKC');
  const { text: latin, mixedWords } = unmask(composed);
  return { ...seen, exact: composed, text: withoutContractions(foldLetters(latin)), mixedWords };
}

/** Of a text that has ASCII only. */
export const lowerCase = (text: string): string => withoutContractions(text.toLowerCase());

/** "Don't" is written in many ways: stems have it without its apostrophe. */
const withoutContractions = (text: string): string =>
  /['\u2019]/.test(text) ? text.replace(/(?<=[a-z])['\u2019](?=(?:t|m|s|re|ll|ve)(?![a-z]))/g, '') : text;

const nothingHidden = { tagged: '', invisible: 0, bidi: 0, overrides: 0, mixedWords: 0 };

/** As stems are written, too: what a text and a stem have in common is compared in this form. */
export const foldLetters = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC');

type Seen = Pick<Folded, 'text' | 'tagged' | 'invisible' | 'bidi' | 'overrides'>;

function stripInvisible(text: string): Seen {
  let kept = '';
  let from = 0;
  let [tagged, invisible, bidi, overrides] = ['', 0, 0, 0];
  let isAfterFlag = false;
  let before = 0;
  for (let at = 0; at < text.length;) {
    const code = text.codePointAt(at) ?? 0;
    const size = code > 0xffff ? 2 : 1;
    const kind = kindOf(code);
    if (kind === undefined) {
      isAfterFlag = code === 0x1f3f4;
      before = code;
      at += size;
      continue;
    }
    kept += text.slice(from, at);
    if (kind === 'override') overrides += 1;
    else if (kind === 'bidi') bidi += 1;
    else if (kind === 'space') kept += ' ';
    else if (kind === 'tag' && !isAfterFlag) tagged += String.fromCharCode(code - 0xe0000);
    else if (kind === 'zero' && isLatin(before) && isLatin(text.charCodeAt(at + size))) {
      invisible += 1;
    }
    at += size;
    from = at;
  }
  const rest = kept + text.slice(from);
  return { text: rest, tagged, invisible, bidi: rightToLeft.test(rest) ? 0 : bidi, overrides };
}

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

const isLatin = (code: number): boolean => (code >= 65 && code <= 90) || (code >= 97 && code <= 122);

type Kind = 'zero' | 'bidi' | 'override' | 'tag' | 'space';

/** First and last character of what nobody sees, and what it does. */
const unseen: readonly (readonly [first: number, last: number, kind: Kind])[] = [
  [0x00, 0x08, 'space'],
  [0x0b, 0x0c, 'space'],
  [0x0e, 0x1f, 'space'],
  [0xad, 0xad, 'zero'],
  [0x34f, 0x34f, 'zero'],
  [0x61c, 0x61c, 'bidi'],
  [0x115f, 0x1160, 'zero'],
  [0x180e, 0x180e, 'zero'],
  [0x200b, 0x200d, 'zero'],
  [0x200e, 0x200f, 'bidi'],
  [0x202a, 0x202c, 'bidi'],
  [0x202d, 0x202e, 'override'],
  [0x2060, 0x2064, 'zero'],
  [0x2066, 0x2069, 'bidi'],
  [0x3164, 0x3164, 'zero'],
  [0xfe00, 0xfe0f, 'zero'],
  [0xfeff, 0xfeff, 'zero'],
  [0xffa0, 0xffa0, 'zero'],
  [0xe0000, 0xe007f, 'tag'],
  [0xe0100, 0xe01ef, 'zero'],
];
const kinds = new Map(
  unseen.flatMap(([first, last, kind]) =>
    Array.from({ length: last - first + 1 }, (_, index): [number, Kind] => [first + index, kind]),
  ),
);

const kindOf = (code: number): Kind | undefined => (code >= 0x20 && code < 0xad ? undefined : kinds.get(code));

const latinLetter = /[a-z]/i;
const otherLetter =
  /[\u0131\u0142\u00f8\u0111\u0127\u0370-\u03ff\u0400-\u052f\u0561-\u0587\u0250-\u02af\u1d00-\u1d7f\ua730-\ua7ff]/;
const word = /[a-z\u00c0-\u02af\u0370-\u052f\u0561-\u0587\u1d00-\u1d7f\ua730-\ua7ff]{2,64}/gi;

/** Replaces look-alikes in words that have letters of two alphabets, or of small capitals alone. */
function unmask(text: string): { readonly text: string; readonly mixedWords: number } {
  if (!otherLetter.test(text)) return { text, mixedWords: 0 };
  let mixedWords = 0;
  const latin = text.replace(word, (found) => {
    if (!otherLetter.test(found)) return found;
    const replaced = Array.from(found.toLowerCase(), (letter) => lookAlikes.get(letter) ?? letter).join('');
    const isMixed = latinLetter.test(found) || smallCapitals.test(found);
    if (!isMixed || otherLetter.test(replaced)) return found;
    mixedWords += 1;
    return replaced;
  });
  return { text: latin, mixedWords };
}

const smallCapitals = /^[\u0250-\u02af\u1d00-\u1d7f\ua730-\ua7ff]{3,64}$/;

const spelled = /(?:^|[^a-z])((?:[a-z][ .\-_*|]{1,2}){3,400}[a-z])(?![a-z])/g;
const disguised = /[a-z]{0,24}[0134570@$!][a-z0134570@$!]{1,24}/g;

/** Words whose letters stand apart, and words with digits for letters, as they are meant; empty when there are none. */
export function disguisedWords(folded: string): string {
  let meant = '';
  for (const [, letters = ''] of folded.matchAll(spelled)) meant += ` ${letters.replace(/[^a-z]/g, '')}`;
  if (!/[a-z][0134570@$!][a-z]|[01345][a-z]{2}/.test(folded)) return meant;
  const words = folded.replace(disguised, (found) =>
    /[a-z]/.test(found) ? Array.from(found, (sign) => leet.get(sign) ?? sign).join('') : found,
  );
  return words === folded ? meant : `${meant} ${words}`;
}
