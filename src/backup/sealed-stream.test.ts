import { describe, expect, it } from 'vitest';
import { codeOf, systemRandom } from '#kernel';
import { collect, pieces } from '../../test/support/byte-streams.ts';
import { openStream, PassphraseKeys, sealStream } from './index.ts';

const passphrase = 'correct horse battery staple';
const header = 67;

/** Stretched once in the whole file. */
const known = new Map<string, PassphraseKeys>();
function keysOf(text: string): PassphraseKeys {
  const keys = known.get(text) ?? new PassphraseKeys(text);
  known.set(text, keys);
  return keys;
}

const seal = (bytes: Uint8Array, options = { passphrase }): Promise<Uint8Array> =>
  collect(sealStream(pieces(bytes, 10_000), { keys: keysOf(options.passphrase), random: systemRandom }));
const open = (sealed: Uint8Array, options = { passphrase }): Promise<Uint8Array> =>
  collect(openStream(pieces(sealed, 9999), { keys: keysOf(options.passphrase) }));
const codeOfOpening = (sealed: Uint8Array, options = { passphrase }): Promise<string> =>
  open(sealed, options).then(() => 'opened', codeOf);

const plain = systemRandom.bytes(100_000);
const sealed = await seal(plain);
const changed = (at: number): Uint8Array => sealed.map((byte, index) => (index === at ? byte ^ 1 : byte));

describe('a stream under a passphrase', () => {
  it('comes out as it went in, is another one every time, and shows nothing but its length', async () => {
    expect(Buffer.compare(await open(sealed), plain)).toBe(0);
    const again = await seal(plain);
    expect(again.length).toBe(header + plain.length + 2 * 16);
    expect(Buffer.from(again).includes(Buffer.from(plain.subarray(0, 16)))).toBe(false);
    for (const part of [
      [19, 35],
      [35, header],
      [header, header + 32],
    ] as const) {
      expect(Buffer.compare(again.subarray(...part), sealed.subarray(...part))).not.toBe(0);
    }
  });

  it('opens with no other passphrase, but with one typed on another keyboard', async () => {
    expect(await codeOfOpening(sealed, { passphrase: 'correct horse battery stapl' })).toBe('PASSPHRASE_WRONG');
    const accented = await seal(plain, { passphrase: 'Z\u00fcrich' });
    expect((await open(accented, { passphrase: 'Zu\u0308rich' })).length).toBe(plain.length);
  });

  it('says whether its beginning, its passphrase or its contents are wrong', async () => {
    expect(await codeOfOpening(changed(0))).toBe('BACKUP_DAMAGED');
    expect(await codeOfOpening(changed(18))).toBe('UNSUPPORTED_VERSION');
    for (const at of [19, header - 1]) expect(await codeOfOpening(changed(at))).toBe('PASSPHRASE_WRONG');
    expect(await codeOfOpening(changed(header))).toBe('BACKUP_DAMAGED');
    for (const end of [0, 10, 18, header - 1])
      expect(await codeOfOpening(sealed.subarray(0, end))).toBe('BACKUP_DAMAGED');
  });

  it('is not made without a passphrase', () => {
    expect(() => new PassphraseKeys('')).toThrow('must not be empty');
  });
});
