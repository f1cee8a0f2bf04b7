import { type Assigned, assignedSecrets } from './assignments.ts';
import type { Finding, GuardedText, Severity } from './finding.ts';
import { fold } from './fold.ts';
import { decodedParts } from './hidden-text.ts';
import { bankAccounts, cardNumbers, seedPhrases } from './numbers.ts';
import { type SecretShape, secretShapes } from './secret-shapes.ts';

type Told = Omit<Finding, 'kind' | 'where'>;

const cardContext = /card|visa|amex|mastercard|cvv|cvc|pay|karte|carte|tarjeta|cart[ãa]o|карт|卡|カード/i;
const seedContext = /seed|recovery|mnemonic|wallet|助记词|ニーモニック/i;

/**
 * What looks like a secret in a text that is about to leave: only where it stands and what kind it is, never itself. `own` are secrets of
 * this node, which are known by heart.
 */
export function scanSecrets({ where, text }: GuardedText, own: readonly string[] = []): readonly Finding[] {
  const { exact, text: folded } = fold(text);
  const told = [...secretsIn(exact, own), ...encodedSecrets(exact, own)];
  const seeds = folded.includes(' ') || folded.includes('\n') ? seedPhrases(folded) : [];
  const isSeed = seeds.length > 0 && seedContext.test(text);
  told.push(
    ...seeds.map((place) => ({
      ...place,
      rule: 'seed-phrase',
      severity: isSeed ? ('high' as const) : ('medium' as const),
      says: saysOf('the seed phrase of a wallet'),
    })),
  );
  return unique(told).map((one) => ({ ...one, kind: 'secret' as const, where }));
}

/** Every shape has a run of such characters, an address or a heading. */
const maybeToken = /[A-Za-z0-9+/_=-]{10}|:\/\/|KEY|PuTTY|asic /;

const saysOf = (what: string): string => `looks like ${what}`;

const secretsIn = (text: string, own: readonly string[]): readonly Told[] => [
  ...(maybeToken.test(text) ? secretShapes.flatMap((shape) => tokenIn(text, shape)) : []),
  ...own.flatMap((secret) => ownIn(text, secret)),
  ...assignedSecrets(text).map(toldOfAssigned),
  ...(/[0-9]{4}/.test(text) ? numbersIn(text) : []),
];

/** The first that is meant: one in documentation hides none behind it. */
function tokenIn(text: string, { rule, severity, sign, shape, says }: SecretShape): readonly Told[] {
  if (!text.includes(sign)) return [];
  for (const { 0: token, index: at } of text.matchAll(shape)) {
    if (!isPlaceholder(token)) return [{ rule, severity, at, length: token.length, says }];
  }
  return [];
}

const leastOwn = 16;

function ownIn(text: string, secret: string): readonly Told[] {
  const at = secret.length < leastOwn ? -1 : text.indexOf(secret);
  const says = 'is a secret of this node';
  return at === -1 ? [] : [{ rule: 'own-secret', severity: 'high', at, length: secret.length, says }];
}

const toldOfAssigned = ({ at, length, isPassword }: Assigned): Told =>
  isPassword
    ? { rule: 'password', severity: 'high', at, length, says: saysOf('a password') }
    : { rule: 'assigned-secret', severity: 'high', at, length, says: saysOf('a secret with its name') };

function numbersIn(text: string): readonly Told[] {
  const isTalk = cardContext.test(text);
  const cards = cardNumbers(text).map(({ isGrouped, at, length }) => {
    const severity: Severity = isGrouped || isTalk ? 'high' : 'low';
    return { rule: 'card-number', severity, at, length, says: saysOf('the number of a payment card') };
  });
  const says = saysOf('the number of a bank account');
  return [
    ...cards,
    ...bankAccounts(text).map((place) => ({ rule: 'bank-account', severity: 'low' as const, ...place, says })),
  ];
}

/** The same, as somebody would hide it. */
function encodedSecrets(text: string, own: readonly string[]): readonly Told[] {
  return decodedParts(text).flatMap(({ at, length, text: inside, code }) =>
    secretsIn(inside, own)
      .filter(({ severity }) => severity !== 'low')
      .map(({ rule, severity, says }) => ({ rule, severity, at, length, says: `${says}, encoded as ${code}` })),
  );
}

/** In documentation, tokens are made of one sign, or say what they are. */
function isPlaceholder(token: string): boolean {
  // In an address only the password counts, not the name of the host.
  const address = /^[a-z][a-z0-9+.-]{1,20}:\/\/[^:]{0,64}:([^@]{0,128})@/i.exec(token);
  if (address !== null && /^(?:pass|password|passwd|secret|pw|pwd|changeme|user|token)$/i.test(address[1] ?? ''))
    return true;
  return /(?:x{6,}|X{6,}|\*{4,}|\.{4,}|0{10,}|1234567890|EXAMPLE|example|your[-_]|YOUR[-_]|placeholder|<[a-z])/.test(
    address?.[1] ?? token,
  );
}

/** One of each rule, the most serious. */
function unique(told: readonly Told[]): readonly Told[] {
  const best = new Map<string, Told>();
  for (const one of told) {
    const before = best.get(one.rule);
    if (before === undefined || (before.severity !== 'high' && one.severity === 'high')) best.set(one.rule, one);
  }
  return [...best.values()];
}
