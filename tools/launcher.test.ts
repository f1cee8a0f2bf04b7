import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const launcher = fileURLToPath(new URL('../bin/mesh.cjs', import.meta.url));
const nearNode = join('tools', 'node24', 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
let folder = '';

/** A package in a temporary folder with the launcher and these files. */
function makePackage(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'bin'), { recursive: true });
  copyFileSync(launcher, join(root, 'bin', 'mesh.cjs'));
  for (const [path, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o755 });
  }
  return root;
}

function start(
  root: string,
  options: { readonly args?: string[]; readonly version?: string; readonly env?: object } = {},
) {
  const pretend = join(folder, 'pretend.cjs');
  writeFileSync(
    pretend,
    `const node = process.env.PRETEND; delete process.env.NODE_OPTIONS; delete process.env.PRETEND;
     if (node) Object.defineProperty(process, 'versions', { value: { ...process.versions, node } });`,
  );
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, PRETEND: options.version ?? '', ...options.env };
  const args = [join(root, 'bin', 'mesh.cjs'), ...(options.args ?? [])];
  const run = spawnSync(process.execPath, ['-r', pretend, ...args], { env, encoding: 'utf8' });
  return { status: run.status, stdout: run.stdout.trim(), stderr: run.stderr.trim() };
}

const checkout = {
  'src/cli/main.ts': `import { word } from '#kernel';
    const args: string[] = process.argv.slice(2);
    console.log(word, args.join(','), process.env['MESH_NODE_TRIED'] ?? 'untried');
    process.exitCode = 3;`,
  'src/kernel/index.ts': `export { word } from './word.ts';`,
  'src/kernel/word.ts': `export const word: string = 'source';`,
};

describe('bin/mesh.cjs', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mesh-launcher-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('runs the sources of a checkout, with the rooms resolved, the arguments and the exit code', () => {
    const run = start(makePackage('checkout', checkout), { args: ['send', 'a b'] });
    expect(run).toEqual({ status: 3, stdout: 'source send,a b untried', stderr: '' });
  });

  it('runs dist when there are no sources', () => {
    const root = makePackage('installed', { 'dist/cli/main.js': `console.log('built', process.argv[2]);` });
    expect(start(root, { args: ['status'] })).toEqual({ status: 0, stdout: 'built status', stderr: '' });
  });

  it('hands over to a Node 24 that is near when it was started by an older one', () => {
    const near = { [join(nearNode, 'node')]: `#!/bin/sh\nexec "${process.execPath}" "$@"\n` };
    for (const version of ['18.0.0', '20.20.2', '24.15.9']) {
      const run = start(makePackage(`near-${version}`, { ...checkout, ...near }), { args: ['x'], version });
      expect(run).toEqual({ status: 3, stdout: 'source x untried', stderr: '' });
    }
  });

  it('says how to get Node 24 when there is none near, or the near one is too old as well', () => {
    const lonely = start(makePackage('lonely', checkout), { version: '20.20.2' });
    const tried = start(makePackage('tried', checkout), {
      version: '20.20.2',
      env: { MESH_NODE_TRIED: '1', MESH_NODE: '/none' },
    });
    for (const run of [lonely, tried]) {
      expect(run.status).toBe(1);
      expect(run.stderr).toMatch(/needs Node >= 24\.16 and was started with .*\nhint: /);
    }
  });
});
