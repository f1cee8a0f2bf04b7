import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '../../test/support/failure.ts';
import { Tokens } from './tokens.ts';

let dir = '';
let path = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tokens-'));
  path = join(dir, 'tokens.json');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(text: string, mode = 0o600): void {
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, mode);
}

const secret = 'secret-of-bob';

describe('tokens.json', () => {
  it('has a token for each email prefix, whatever its case', async () => {
    write(`{"tokens": {"Bob": "${secret}", "carol": "<carol-gateway-token>", "dan": ""}}`);
    const tokens = await Tokens.read(path);
    expect(tokens.of({ emailPrefix: 'bOb' })).toBe(secret);
    // What an example holds is no token.
    expect(tokens.of({ emailPrefix: 'carol' })).toBeUndefined();
    expect(tokens).toMatchObject({ size: 1, exists: true });
  });

  it.each([0o640, 0o604, 0o644, 0o660, 0o620])('with mode %o is refused, with the command to run', async (mode) => {
    write('{"tokens": {}}', mode);
    const error = await failure(Tokens.read(path));
    expect(error.code).toBe('KEY_FILE_PERMISSIONS');
    expect(error.hint).toBe(`Run: chmod 600 ${path}`);
  });

  it('that is not there has none', async () => {
    expect(await Tokens.read(path)).toMatchObject({ size: 0, exists: false });
  });

  it.each([`{"tokens": {"bob": "${secret}"`, `{"tokens": ["${secret}"]}`, `{"bob": "${secret}"}`, `"${secret}"`])(
    'is refused without a word of what is in it',
    async (text) => {
      write(text);
      const error = await failure(Tokens.read(path));
      expect(error.code).toBe('TEAM_FILE_INVALID');
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
    },
  );

  it('shows its tokens to nothing that prints or serializes it', async () => {
    write(`{"tokens": {"bob": "${secret}"}}`);
    const tokens = await Tokens.read(path);
    expect(inspect(tokens, { depth: 9, showHidden: true }) + JSON.stringify(tokens)).not.toContain(secret);
  });

  it('takes its tokens out of what others say, the longest first', () => {
    const tokens = Tokens.parse(`{"tokens": {"a": "${secret}", "b": "${secret}-and-more", "c": "short"}}`, path);
    expect(tokens.redact(`${secret}-and-more ${secret} short`)).toBe('[token] [token] short');
  });
});
