/** What a text holds in a code: the place of the code, and what it stands for. */
export interface Decoded {
  readonly at: number;
  readonly length: number;
  readonly text: string;
  readonly code: 'base64' | 'hex' | 'percent' | 'escapes' | 'entities';
}

const leastRun = 20;

/** Together never longer than the text: each place of it is decoded once. */
export function decodedParts(text: string): readonly Decoded[] {
  const found: Decoded[] = [];
  for (const run of text.matchAll(/[A-Za-z0-9+/_=-]{20,}/g)) addRun(found, run[0], run.index);
  if (text.includes('%')) found.push(...runsOf(text, 'percent', /(?:%[0-9a-f]{2}[a-z0-9._~-]{0,2}){6,}/gi));
  if (text.includes('\\')) found.push(...runsOf(text, 'escapes', /(?:\\u[0-9a-f]{4}|\\x[0-9a-f]{2}){6,}/gi));
  if (text.includes('&#')) found.push(...runsOf(text, 'entities', /(?:&#x?[0-9a-f]{1,6};[ ]?){6,}/gi));
  addSpacedHex(found, text);
  return found;
}

function addRun(found: Decoded[], run: string, at: number): void {
  const isHex = /^[0-9a-fA-F]{20,}$/.test(run) && run.length % 2 === 0;
  const fromHex = isHex ? readable(Buffer.from(run, 'hex')) : undefined;
  if (fromHex !== undefined) found.push({ at, length: run.length, text: fromHex, code: 'hex' });
  if (isHex || run.length < leastRun) return;
  const fromBase64 = readable(Buffer.from(run, run.includes('-') || run.includes('_') ? 'base64url' : 'base64'));
  if (fromBase64 !== undefined) found.push({ at, length: run.length, text: fromBase64, code: 'base64' });
}

function addSpacedHex(found: Decoded[], text: string): void {
  for (const run of text.matchAll(/(?:[0-9a-f]{2}[ :,]){10,}[0-9a-f]{2}/gi)) {
    const decoded = readable(Buffer.from(run[0].replace(/[^0-9a-f]/gi, ''), 'hex'));
    if (decoded !== undefined) found.push({ at: run.index, length: run[0].length, text: decoded, code: 'hex' });
  }
}

type Escapes = 'percent' | 'escapes' | 'entities';

const runsOf = (text: string, code: Escapes, pattern: RegExp): readonly Decoded[] =>
  Array.from(text.matchAll(pattern)).flatMap(({ 0: run, index: at }) => {
    const decoded = code === 'percent' ? percentDecoded(run) : unescaped(run, code);
    return decoded === undefined ? [] : [{ at, length: run.length, text: decoded, code }];
  });

function percentDecoded(run: string): string | undefined {
  const bytes = run.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return readable(Buffer.from(bytes, 'latin1'));
}

function unescaped(run: string, code: 'escapes' | 'entities'): string {
  const one = code === 'escapes' ? /\\[ux]([0-9a-f]{2,4})/gi : /&#(x?[0-9a-f]{1,6});[ ]?/gi;
  return run.replace(one, (_, digits: string) => {
    const isDecimal = code === 'entities' && !/^x/i.test(digits);
    const value = Number.parseInt(digits.replace(/^x/i, ''), isDecimal ? 10 : 16);
    return value <= 0x10ffff ? String.fromCodePoint(value) : ' ';
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes that are text; undefined for those of a picture, a key or a hash. */
function readable(bytes: Uint8Array): string | undefined {
  if (bytes.length < 8 || bytes.some((byte) => (byte < 32 && byte !== 10 && byte !== 13 && byte !== 9) || byte === 127))
    return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
