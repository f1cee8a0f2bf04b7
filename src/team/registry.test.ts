import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '#kernel';
import { failure } from '../../test/support/failure.ts';
import { parseRegistry, readRegistry } from './registry.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'registry-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const options = { source: 'registry.json', code: 'TEAM_FILE_INVALID' } as const;
const parse = (value: unknown) => parseRegistry(JSON.stringify(value), options);
const alice = { name: 'Alice', emailPrefix: 'alice', ip: '10.0.0.10', hostname: 'agent-alice-0' };

function refusal(text: string): string {
  try {
    parseRegistry(text, options);
  } catch (error) {
    if (error instanceof MeshError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'nothing was refused';
}

describe('the registry', () => {
  it('is that of the original, whose further fields are kept', () => {
    const bob = { name: 'Bob', emailPrefix: 'bob', redName: '小鲍', ip: '', hostname: '', note: 'on leave' };
    const { teammates, document } = parse({ version: 1, agents: [alice, bob] });
    expect(teammates).toEqual([alice, { ...bob, ip: undefined, hostname: undefined }]);
    expect(document).toEqual({
      version: 1,
      agents: [alice, { name: 'Bob', emailPrefix: 'bob', redName: '小鲍', note: 'on leave' }],
    });
  });

  it('may say more: nicknames, a port, a URL, an agent of the mesh', () => {
    const more = {
      ...alice,
      nickname: ['Al', 'Ally'],
      port: 19_000,
      url: 'wss://alice.example:443/gateway',
      mesh: 'did:key:z6MkgUqcdNX2ui2StYdysyqz2QtdDHWgDhkC2xaxxdYvt3up',
    };
    expect(parse({ agents: [more] }).teammates).toEqual([more]);
  });

  it.each<[string, unknown, string]>([
    ['no list', {}, 'it has no list "agents"'],
    ['no object', [], 'it has no list "agents"'],
    ['nobody', { agents: [] }, 'agents must be a list of 1 to 1000 entries'],
    ['no name', { agents: [{ emailPrefix: 'a' }] }, 'entry 1, name'],
    [
      'a prefix that is an email',
      { agents: [alice, { ...alice, emailPrefix: 'a@b' }] },
      'entry 2 ("Alice"), emailPrefix: must be',
    ],
    ['a prefix that is an option', { agents: [{ ...alice, emailPrefix: '--msg' }] }, 'emailPrefix'],
    ['a name of two lines', { agents: [{ ...alice, name: 'a\nb' }] }, 'name: must be one line'],
    ['no IP address', { agents: [{ ...alice, ip: '10.0.0' }] }, 'ip: must be an IP address'],
    ['a port of none', { agents: [{ ...alice, port: 0 }] }, 'port'],
    ['an http address', { agents: [{ ...alice, url: 'http://a.example' }] }, 'url: must begin with wss:// or ws://'],
    ['a password in the URL', { agents: [{ ...alice, url: 'wss://a:b@a.example' }] }, 'url: must have no user'],
    ['no id of the mesh', { agents: [{ ...alice, mesh: 'alice' }] }, 'mesh: must be an agent id'],
  ])('is refused with %s, naming the entry and the rule', (_what, value, text) => {
    expect(refusal(JSON.stringify(value))).toContain('TEAM_FILE_INVALID registry.json: ');
    expect(refusal(JSON.stringify(value))).toContain(text);
  });

  it('is refused when it is not JSON, and with two of the same email prefix', () => {
    expect(refusal('{')).toBe('TEAM_FILE_INVALID registry.json: it is not JSON');
    const twice = { agents: [alice, { ...alice, name: 'Alina', emailPrefix: 'ALICE' }] };
    expect(refusal(JSON.stringify(twice))).toContain('"Alice" and "Alina" have the same emailPrefix "ALICE"');
  });

  it.each([
    { agents: [{ ...alice, token: 'x' }] },
    { agents: [alice], tokens: { alice: 'x' } },
    { agents: [{ ...alice, gatewayToken: 'x' }] },
  ])('holds no tokens: %j is refused', (value) => {
    expect(refusal(JSON.stringify(value))).toContain('holds a token or password');
  });

  it('is the first file that is there', async () => {
    const [one, two] = [join(dir, 'one.json'), join(dir, 'two.json')];
    writeFileSync(two, JSON.stringify({ agents: [alice] }));
    expect(await readRegistry([one, two])).toEqual({ path: two, teammates: [alice] });
    writeFileSync(one, '{}');
    expect((await failure(readRegistry([one, two]))).message).toBe(`${one}: it has no list "agents"`);
  });

  it('that everybody can write is refused: it says where tokens go', async () => {
    const path = join(dir, 'registry.json');
    writeFileSync(path, JSON.stringify({ agents: [alice] }));
    chmodSync(path, 0o666);
    expect(await failure(readRegistry([path]))).toMatchObject({
      code: 'TEAM_FILE_INVALID',
      hint: `Run: chmod o-w ${path}`,
    });
    chmodSync(path, 0o664);
    expect((await readRegistry([path])).teammates).toHaveLength(1);
  });

  it('is not waited for when it is a pipe, and not read when it is a folder or far too large', async () => {
    const path = join(dir, 'registry.json');
    mkdirSync(path);
    expect((await failure(readRegistry([path]))).code).toBe('TEAM_FILE_INVALID');
    const large = join(dir, 'large.json');
    writeFileSync(large, ' '.repeat(1024 * 1024 + 1));
    expect((await failure(readRegistry([large]))).message).toContain('more than the 1048576 that are read');
  });

  it('that is nowhere is asked for, with its form', async () => {
    const error = await failure(readRegistry([join(dir, 'registry.json')]));
    expect(error.code).toBe('TEAM_FILE_MISSING');
    expect(error.hint).toContain('{"agents": [{"name": "Bob"');
  });
});
