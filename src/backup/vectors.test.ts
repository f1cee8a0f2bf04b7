import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeOf, fromHex, toHex } from '#kernel';
import { collect, pieces } from '../../test/support/byte-streams.ts';
import { openStream, PassphraseKeys, unpackArchive } from './index.ts';

interface Case {
  readonly name: string;
  readonly passphrase: string;
  readonly encoded: string;
  readonly salt?: string;
  readonly payloadKey?: string;
  readonly contents?: string;
  readonly manifest?: object;
  readonly files?: object;
  readonly error?: string;
}

const path = new URL('../../test/vectors/backup.json', import.meta.url);
const { valid, invalid } = JSON.parse(readFileSync(path, 'utf8')) as Record<'valid' | 'invalid', readonly Case[]>;

/** Stretching takes long; most cases have one passphrase and one salt. */
const known = new Map<string, PassphraseKeys>();
function keysOf(passphrase: string): PassphraseKeys {
  const keys = known.get(passphrase) ?? new PassphraseKeys(passphrase);
  known.set(passphrase, keys);
  return keys;
}

const opened = ({ encoded, passphrase }: Case): AsyncGenerator<Uint8Array> =>
  openStream(pieces(fromHex(encoded), 50), { keys: keysOf(passphrase) });

async function unpack(entry: Case) {
  const files: Record<string, string> = {};
  const manifest = await unpackArchive(opened(entry), async ({ name }, content) => {
    files[name] = toHex(await collect(content));
  });
  return { manifest, files };
}

describe('the vectors of backup', () => {
  it('has valid and invalid cases', () => {
    expect([valid.length > 0, invalid.length > 0]).toEqual([true, true]);
  });

  it.each(valid.map((entry) => [entry.name, entry] as const))('accepts: %s', async (_name, entry) => {
    const { manifest, files, contents, salt, payloadKey } = entry;
    expect(await unpack(entry)).toEqual({ manifest, files });
    if (contents !== undefined) expect(toHex(await collect(opened(entry)))).toBe(contents);
    if (salt === undefined) return;
    expect(toHex((await keysOf(entry.passphrase).forSalt(fromHex(salt))).payload)).toBe(payloadKey);
  });

  it.each(invalid.map((entry) => [entry.error, entry.name, entry] as const))(
    'refuses with %s: %s',
    async (error, _name, entry) => {
      expect(await unpack(entry).then(() => 'nothing was thrown', codeOf)).toBe(error);
    },
  );
});
