import { createHash } from 'node:crypto';

/**
 * Samples hold no token and no disguise as such: `{{github}}` stands for a made-up token of that shape, `{{rot13:text}}` for the text in
 * that disguise. The same sample is always the same text.
 */
export function expandSample(text: string, seed: string): string {
  let count = 0;
  return text.replace(/\{\{([a-z0-9]+)(?::([^}]*))?\}\}/g, (whole, name: string, given?: string) => {
    count += 1;
    const make = makers[name];
    return make === undefined ? whole : make(given ?? '', signSource(`${seed}/${count}`));
  });
}

type Signs = (alphabet: string, length: number) => string;

function signSource(seed: string): Signs {
  let block = Buffer.alloc(0);
  let used = 0;
  let round = 0;
  const next = (): number => {
    if (used === block.length) {
      block = createHash('sha512').update(`${seed}/${round}`).digest();
      round += 1;
      used = 0;
    }
    used += 1;
    return block[used - 1] ?? 0;
  };
  return (alphabet, length) => Array.from({ length }, () => alphabet[next() % alphabet.length] ?? '').join('');
}

const lower = 'abcdefghijklmnopqrstuvwxyz';
const upper = lower.toUpperCase();
const digits = '0123456789';
const hexDigits = '0123456789abcdef';
const alnum = lower + upper + digits;
const b64 = `${alnum}+/`;
const url = `${alnum}-_`;
const seedWords =
  'abandon ability absent acid acoustic adapt airport alarm album anchor apple arctic arena armor artist aspect atom avocado badge balance banana barrel beach bicycle blanket bonus bracket breeze bronze cactus camera canyon carbon castle catalog cherry cinnamon cliff coconut copper coral cradle cricket crystal daring deposit desert dinosaur dolphin dragon eagle eclipse elbow ember engine'.split(
    ' ',
  );

const jwt = (signs: Signs): string => `eyJ${signs(url, 33)}.eyJ${signs(url, 90)}.${signs(url, 43)}`;

type Maker = (value: string, signs: Signs) => string;

const tokens: Readonly<Record<string, Maker>> = {
  alnum: (length, signs) => signs(alnum, Number(length)),
  up: (length, signs) => signs(upper + digits, Number(length)),
  hex: (length, signs) => signs(hexDigits, Number(length)),
  b64: (length, signs) => signs(b64, Number(length)),
  uuid: (_, signs) => [8, 4, 4, 4, 12].map((length) => signs(hexDigits, length)).join('-'),
  words: (count, signs) => {
    const start = signs(lower, 1).charCodeAt(0);
    return Array.from({ length: Number(count) }, (__, index) => seedWords[(start + index * 7) % seedWords.length]).join(
      ' ',
    );
  },
  pem: (name, signs) => `-----BEGIN ${name}-----\n${signs(b64, 64)}\n${signs(b64, 64)}\n-----END ${name}-----`,
  aws: (_, signs) => `AKIA${signs(`${upper}234567`, 16)}`,
  github: (_, signs) => `ghp_${signs(alnum, 36)}`,
  githubpat: (_, signs) => `github_pat_${signs(alnum, 22)}_${signs(alnum, 59)}`,
  gitlab: (_, signs) => `glpat-${signs(url, 20)}`,
  slack: (_, signs) => `xoxb-${signs(digits, 12)}-${signs(digits, 12)}-${signs(alnum, 24)}`,
  stripe: (_, signs) => `sk_live_${signs(alnum, 24)}`,
  anthropic: (_, signs) => `sk-ant-api03-${signs(url, 93)}AA`,
  openai: (_, signs) => `sk-proj-${signs(url, 120)}`,
  openaiold: (_, signs) => `sk-${signs(alnum, 48)}`,
  google: (_, signs) => `AIza${signs(url, 35)}`,
  npm: (_, signs) => `npm_${signs(alnum, 36)}`,
  hf: (_, signs) => `hf_${signs(alnum, 34)}`,
  telegram: (_, signs) => `${signs('123456789', 10)}:AA${signs(url, 33)}`,
  discord: (_, signs) => `M${signs(alnum, 25)}.${signs(alnum, 6)}.${signs(alnum, 38)}`,
  jwt: (_, signs) => jwt(signs),
  sendgrid: (_, signs) => `SG.${signs(alnum, 22)}.${signs(alnum, 43)}`,
  vault: (_, signs) => `hvs.${signs(alnum, 24)}`,
  age: (_, signs) => `AGE-SECRET-KEY-1${signs('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58)}`,
  shopify: (_, signs) => `shpat_${signs(hexDigits, 32)}`,
  tailscale: (_, signs) => `tskey-auth-${signs(alnum, 12)}CNTRL-${signs(alnum, 30)}`,
  do: (_, signs) => `dop_v1_${signs(hexDigits, 64)}`,
  docker: (_, signs) => `dckr_pat_${signs(alnum, 27)}`,
  invite: (_, signs) => `mesh:${signs(url, 300)}`,
  groq: (_, signs) => `gsk_${signs(alnum, 52)}`,
  b64of: (name, signs) => Buffer.from(`token ${(tokens[name] ?? (() => ''))('', signs)}`).toString('base64'),
};

const spread = (text: string, first: number): string =>
  Array.from(text, (letter) => {
    const code = letter.charCodeAt(0) - 97;
    return code >= 0 && code < 26 ? String.fromCodePoint(first + code) : letter;
  }).join('');

const twins = new Map(Array.from('aeopcxyis', (letter, index) => [letter, 'аеорсхуіѕ'[index] ?? letter]));
const smallCapitals = new Map(
  Array.from('abcdefghijklmnopqrstuvwyz', (letter, index) => [letter, 'ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘqʀꜱᴛᴜᴠᴡʏᴢ'[index] ?? letter]),
);
const digitsFor = new Map(Array.from('oieast', (letter, index) => [letter, '013457'[index] ?? letter]));
const swap =
  (map: ReadonlyMap<string, string>): Maker =>
  (text) =>
    Array.from(text, (letter) => map.get(letter) ?? letter).join('');

const disguises: Readonly<Record<string, Maker>> = {
  b64text: (text) => Buffer.from(text).toString('base64'),
  hextext: (text) => Buffer.from(text).toString('hex'),
  pcttext: (text) => Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  rot13: (text) =>
    text.replace(/[a-z]/gi, (letter) => {
      const base = letter < 'a' ? 65 : 97;
      return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
    }),
  reverse: (text) => Array.from(text).toReversed().join(''),
  spaced: (text) => Array.from(text.replaceAll(' ', '')).join(' '),
  zw: (text) => Array.from(text).join('\u200b'),
  tags: (text) => Array.from(text, (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join(''),
  full: (text) =>
    Array.from(text, (letter) => (letter === ' ' ? '\u3000' : String.fromCharCode(letter.charCodeAt(0) + 0xfee0))).join(
      '',
    ),
  mathbold: (text) => spread(text.toLowerCase(), 0x1d41a),
  cyr: swap(twins),
  smallcaps: swap(smallCapitals),
  leet: swap(digitsFor),
  entities: (text) => Array.from(text, (letter) => `&#${letter.charCodeAt(0)};`).join(''),
  escapes: (text) => Array.from(text, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
};

const makers: Readonly<Record<string, Maker>> = { ...tokens, ...disguises };
