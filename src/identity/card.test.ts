import { describe, expect, it } from 'vitest';
import { canonicalJson, codeOf, concatBytes, toBase64url, toUtf8 } from '#kernel';
import { cardBytes, type CardFields, parseCard, signCard, type VerifiedCard, verifyCard } from './card.ts';
import { issueDeviceCertificate } from './device-certificate.ts';
import { keyPairFromSeed } from './key-pair.ts';

const root = keyPairFromSeed(new Uint8Array(32).fill(1));
const device = keyPairFromSeed(new Uint8Array(32).fill(2));
const now = 1_000_000;
const certificate = issueDeviceCertificate({ root, devicePublicKey: device.publicKey, notBefore: 0, notAfter: 10 });

const fields: CardFields = {
  name: 'alice',
  devices: [
    {
      publicKey: toBase64url(device.publicKey),
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      signature: toBase64url(certificate.signature),
    },
  ],
  endpoints: ['http://127.0.0.1:8787'],
  mailboxes: [],
  capabilities: [{ id: 'chat', description: 'Talks', tags: ['text'] }],
  suites: ['S'],
  seq: 3,
  createdAt: now,
  expiresAt: now + 1000,
};

const codeThrownBy = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing was thrown';
};

describe('a card', () => {
  it('goes through its bytes unchanged and verifies', () => {
    const card = signCard(fields, root);
    expect(verifyCard(parseCard(cardBytes(card)), { now })).toEqual(card);
  });

  it('verifies whatever the order of its keys and the white space of its file', () => {
    const card = signCard(fields, root);
    const reversed = Object.fromEntries(Object.entries(card).reverse());
    expect(verifyCard(parseCard(toUtf8(JSON.stringify(reversed, null, 4))), { now })).toEqual(card);
  });

  it('may list devices whose time is over', () => {
    expect(signCard(fields, root).devices[0]?.notAfter).toBeLessThan(now);
  });

  it('is not signed when a field breaks a rule', () => {
    expect(codeThrownBy(() => signCard({ ...fields, endpoints: ['ftp://x/'] }, root))).toBe('CARD_INVALID');
    expect(codeThrownBy(() => signCard({ ...fields, name: 'Alice' }, root))).toBe('CARD_INVALID');
  });

  it('is not signed with a device that another root certified', () => {
    const stranger = keyPairFromSeed(new Uint8Array(32).fill(3));
    expect(codeThrownBy(() => signCard(fields, stranger))).toBe('CERTIFICATE_INVALID');
  });

  it('with the seq of the pinned one or a higher one is taken, with a lower one refused', () => {
    const pinned = signCard(fields, root);
    const withSeq = (seq: number) =>
      codeThrownBy(() => verifyCard(signCard({ ...fields, seq }, root), { now, pinned }));
    expect([2, 3, 4].map(withSeq)).toEqual(['CARD_ROLLBACK', 'nothing was thrown', 'nothing was thrown']);
  });
});

describe('a verified card', () => {
  it('cannot be changed', () => {
    const card: { name: string; endpoints: readonly string[] } = signCard(fields, root);
    expect(() => {
      card.name = 'mallory';
    }).toThrow(TypeError);
    expect(() => (card.endpoints as string[]).push('http://evil.example')).toThrow(TypeError);
  });

  it('does not follow later changes of the value it was made of', () => {
    const value = JSON.parse(JSON.stringify(signCard(fields, root))) as { endpoints: string[] };
    const card = verifyCard(value, { now });
    value.endpoints.push('http://evil.example');
    expect(card.endpoints).toEqual(fields.endpoints);
  });

  it('is a type that neither a card nor a spread of a verified card has', () => {
    const card = signCard(fields, root);
    const needsVerified = (verified: VerifiedCard): string => verified.name;
    // @ts-expect-error a changed copy was not verified
    expect(needsVerified({ ...card, name: 'mallory' })).toBe('mallory');
    expect(needsVerified(card)).toBe('alice');
  });

  it('is checked on one reading: a getter that answers differently cannot pass', () => {
    const honest = signCard(fields, root);
    let reads = 0;
    const value = { ...honest };
    Object.defineProperty(value, 'name', { enumerable: true, get: () => (reads++ === 0 ? 'alice' : 'mallory') });
    const card = verifyCard(value, { now });
    expect(JSON.parse(JSON.stringify(card))).toEqual(JSON.parse(JSON.stringify(honest)));
  });
});

describe('the bytes of a card are refused', () => {
  it('when they are not JSON in UTF-8, without quoting them', () => {
    for (const bytes of [new Uint8Array(), toUtf8('{secret'), Uint8Array.of(0x22, 0xff, 0x22)]) {
      expect(() => parseCard(bytes)).toThrow(expect.objectContaining({ code: 'CARD_INVALID' }));
      expect(() => parseCard(bytes)).not.toThrow(/secret/);
    }
  });

  it('when they are more than 16 KB', () => {
    const padding = toUtf8(' '.repeat(16 * 1024));
    expect(codeThrownBy(() => parseCard(concatBytes(cardBytes(signCard(fields, root)), padding)))).toBe('CARD_INVALID');
    expect(codeThrownBy(() => parseCard(canonicalJson('x'.repeat(16 * 1024 - 2))))).toBe('nothing was thrown');
  });
});
