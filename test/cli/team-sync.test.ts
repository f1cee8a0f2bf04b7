import { once } from 'node:events';
import { chmodSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TeamHome } from './team-home.ts';

let home: TeamHome;
beforeEach(() => {
  home = new TeamHome();
});
afterEach(() => home[Symbol.asyncDispose]());

const alice = { name: 'Alice', emailPrefix: 'alice', ip: '10.0.0.10' };
const carol = { name: 'Carol', emailPrefix: 'carol', ip: '10.0.0.12' };

const registryFile = '.config/agent-team-mesh/registry.json';
const source = (...agents: readonly object[]): string => home.write('source.json', JSON.stringify({ agents }));

/** Alice and Bob, without tokens. */
function alone(): string {
  home.team({ Bob: { ip: '10.0.0.11' } });
  return home.read(registryFile);
}

describe('mesh team sync', () => {
  it('shows what changes, writes it, and keeps what was before', async () => {
    const before = alone();
    const from = source(alice, { name: 'Bob', emailPrefix: 'bob', ip: '10.0.0.99' }, carol);
    const dry = await home.run('sync', '--file', from, '--dry-run');
    expect(dry.code).toBe(0);
    const diff = [
      '~ Bob (bob)',
      '    ip: "10.0.0.11" → "10.0.0.99"',
      '+ Carol (carol)',
      '    ip: "10.0.0.12"',
      '1 entry as before. From ~/source.json',
      '',
    ];
    expect(home.seen(dry)).toBe([...diff, 'Nothing was written.', ''].join('\n'));
    expect(home.read(registryFile)).toBe(before);
    const run = await home.run('sync', '--file', from);
    expect(run.code).toBe(0);
    expect(home.seen(run)).toContain([...diff, `Written: ~/${registryFile}`].join('\n'));
    expect(JSON.parse(home.read(registryFile))).toMatchObject({ agents: [{}, { ip: '10.0.0.99' }, { name: 'Carol' }] });
    expect(home.read(`${registryFile}.before`)).toBe(before);
    expect(home.seen(await home.run('sync', '--file', from))).toContain('Nothing to do.');
    const itself = await home.quick('sync', '--file', `${home.dir}/${registryFile}`);
    expect(itself.stderr).toContain('is the registry itself');
  });

  it('makes the registry where there was none', async () => {
    expect(await home.json('sync', '--file', source(alice, carol))).toMatchObject({
      code: 0,
      data: { written: true, teammates: 2, changes: [{ kind: 'added' }, { kind: 'added' }] },
    });
    expect(await home.json('whoami')).toMatchObject({ code: 0, data: { listed: true } });
  });

  it('asks a person before tokens go to other addresses', async () => {
    home.team({ Bob: { ip: '10.0.0.11', token: 'secret-token-of-bob' }, Carol: { ip: '10.0.0.12' } });
    const before = home.read(registryFile);
    const bob = { name: 'Bob', emailPrefix: 'bob', ip: '10.66.66.66' };
    const from = source(alice, bob, { ...carol, ip: '10.0.0.13' });
    const refused = await home.run('sync', '--file', from);
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toContain(
      'error[NOT_PERMITTED]: The tokens for Bob would go to other addresses than before',
    );
    expect(home.read(registryFile)).toBe(before);
    const unsure = await home.typing('n', 'sync', '--file', from);
    expect(unsure.code).toBe(1);
    expect(unsure.stdout).toContain('    ip: "10.0.0.11" → "10.66.66.66"\n');
    expect(unsure.stderr).toContain('Messages and tokens for Bob will go to these addresses. Write it? [y/N] ');
    expect(home.read(registryFile)).toBe(before);
    expect((await home.typing('y', 'sync', '--file', from)).code).toBe(0);
    expect(home.read(registryFile)).toContain('10.66.66.66');
    home.write(registryFile, before);
    expect((await home.run('sync', '--file', from, '--yes')).code).toBe(0);
    // Nobody is asked about somebody who has no token here.
    expect((await home.run('sync', '--file', source(alice, bob, { ...carol, ip: '10.0.0.14' }))).code).toBe(0);
  });

  it.each<[string, string, string]>([
    ['no JSON', '<html>', 'it is not JSON'],
    ['nobody', '{"agents":[]}', 'agents must be a list of 1 to 1000 entries'],
    ['one entry that is wrong', JSON.stringify({ agents: [alice, { name: 'Bob' }] }), 'entry 2 ("Bob"), emailPrefix'],
    ['tokens', JSON.stringify({ agents: [{ ...alice, token: 'secret-token-x' }] }), 'holds a token or password'],
    ['far too much', ' '.repeat(1024 * 1024 + 1), 'more than the 1048576'],
  ])('loses nothing by a source that holds %s', async (_what, text, problem) => {
    const before = alone();
    const run = await home.run('sync', '--file', home.write('source.json', text));
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain(problem);
    expect(run.stdout + run.stderr).not.toContain('secret-token');
    expect(home.read(registryFile)).toBe(before);
    expect(existsSync(`${home.dir}/${registryFile}.before`)).toBe(false);
  });

  it('takes the source from a program, without a shell', async () => {
    alone();
    const program = home.write('source.sh', `#!/bin/sh\necho '${JSON.stringify({ agents: [alice, carol] })}'\n`, 0o700);
    expect(await home.json('sync', '--command', program)).toMatchObject({
      code: 0,
      data: { written: true, teammates: 2 },
    });
    const broken = home.write('broken.sh', '#!/bin/sh\necho no route >&2\nexit 7\n', 0o700);
    expect((await home.run('sync', '--command', broken)).stderr).toContain(
      '~/broken.sh ended with 7'.replace('~', home.dir),
    );
    expect((await home.run('sync', '--command', '/nowhere/x')).stderr).toContain('error[TEAM_SOURCE_INVALID]');
    const loud = home.write('loud.sh', '#!/bin/sh\nyes\n', 0o700);
    expect((await home.run('sync', '--command', loud)).stderr).toContain('wrote more than 1048576 bytes');
  });

  it('takes the source from an address, which the environment or a file may name', async () => {
    const server = createServer((_request, response) => response.end(JSON.stringify({ agents: [alice, carol] })));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/team.json?key=secret`;
    try {
      alone();
      const named = await home.run('sync', '--url', url);
      expect(named.code).toBe(0);
      expect(named.stdout + named.stderr).not.toContain('secret');
      home.environment = { ...home.environment, MESH_SYNC_URL: url };
      expect(await home.json('sync')).toMatchObject({ code: 0, data: { written: false, unchanged: 2 } });
      home.environment = { MESH_MY_EMAIL: 'alice@example.com' };
      expect((await home.run('sync')).stderr).toContain(
        'error[TEAM_FILE_MISSING]: No source of the registry is configured',
      );
      const config = home.write('.config/agent-team-mesh/sync.json', JSON.stringify({ url }));
      expect(await home.json('sync')).toMatchObject({ code: 0, data: { unchanged: 2 } });
      // Who can write it could choose what runs here.
      chmodSync(config, 0o666);
      expect((await home.run('sync')).stderr).toContain(`hint: Run: chmod 600 ${config}`);
    } finally {
      server.close();
    }
  });

  it.each([
    [['--url', 'http://example.com/r.json'], 'PLAINTEXT_REFUSED'],
    [['--url', 'https://a:b@example.com/'], 'INVALID_ARGUMENT'],
    [['--url', 'https://example.com', '--file', 'x'], 'INVALID_ARGUMENT'],
    [['--file', 'nowhere.json'], 'TEAM_SOURCE_INVALID'],
  ])('refuses %j', async (words, code) => {
    alone();
    expect((await home.quick('sync', ...words)).stderr).toContain(`error[${code}]`);
  });
});
