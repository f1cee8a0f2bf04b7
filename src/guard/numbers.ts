interface Place {
  readonly at: number;
  readonly length: number;
}

const grouped = /(?<![0-9A-Za-z.:_-])[3-6](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z_-])/g;

/** Numbers of payment cards: prefix and length of a network, and the check digit is right. */
export function cardNumbers(text: string): readonly (Place & { readonly isGrouped: boolean })[] {
  const found: (Place & { isGrouped: boolean })[] = [];
  for (const match of text.matchAll(grouped)) {
    const digits = match[0].replace(/[ -]/g, '');
    if (isNetwork(digits) && isWellGrouped(match[0]) && passesLuhn(digits)) {
      found.push({ at: match.index, length: match[0].length, isGrouped: /[ -]/.test(match[0]) });
    }
  }
  return found;
}

function isNetwork(digits: string): boolean {
  if (/^3[47]/.test(digits)) return digits.length === 15;
  if (digits.startsWith('4')) return digits.length === 16 || digits.length === 13 || digits.length === 19;
  return /^(?:5[1-5]|6011|65|35(?:2[89]|[3-8]))/.test(digits) && digits.length === 16;
}

/** In groups as on a card, or without any. */
const isWellGrouped = (text: string): boolean =>
  /^[0-9]+$/.test(text) ||
  /^[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,7}$/.test(text) ||
  /^3[0-9]{3}[ -][0-9]{6}[ -][0-9]{5}$/.test(text);

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (const [index, digit] of Array.from(digits).toReversed().entries()) {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0 && new Set(digits).size > 1;
}

const account = /(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g;

/** International bank account numbers whose check digits are right. */
export function bankAccounts(text: string): readonly Place[] {
  const found: Place[] = [];
  for (const match of text.matchAll(account)) {
    const code = match[0].replace(/ /g, '');
    if (code.length >= 15 && code.length <= 34 && isRightIban(code))
      found.push({ at: match.index, length: match[0].length });
  }
  return found;
}

function isRightIban(code: string): boolean {
  let rest = 0;
  for (const sign of code.slice(4) + code.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

const words = /(?<![a-z])[a-z]{3,8}(?:[ \t\r\n,]{1,3}(?:[0-9]{1,2}[.)] ?)?[a-z]{3,8}){11,23}(?![a-z])/g;
const common = new Set(
  'the and for are was has not but had his her its our they them than from were been those these there which would could'.split(
    ' ',
  ),
);
const counts: ReadonlySet<number> = new Set([12, 15, 18, 21, 24]);

/** Twelve to twenty-four plain words in a row, none of which a sentence is made with. */
export function seedPhrases(text: string): readonly Place[] {
  const found: Place[] = [];
  for (const match of text.matchAll(words)) {
    const list = match[0].match(/[a-z]{3,8}/g) ?? [];
    const isList =
      counts.has(list.length) && new Set(list).size > list.length - 3 && !list.some((word) => common.has(word));
    if (isList) found.push({ at: match.index, length: match[0].length });
  }
  return found;
}
