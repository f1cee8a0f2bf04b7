// Node 24 for machines whose own Node is older: a ready-made binary from npm, installed beside this file.
// Plain JavaScript for Node >= 20, no dependencies. `npm run` puts node_modules/.bin first on PATH, so after `linkNode24`
// every script and every `#!/usr/bin/env node` bin runs under it.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const windows = process.platform === 'win32';
const packageName = `node-${windows ? 'win' : process.platform}-${process.arch}`;
const folder = join(here, 'node_modules', packageName);
const link = join(here, '..', '..', 'node_modules', '.bin', windows ? 'node.cmd' : 'node');

/** The binary, whether or not it is there. */
export const node24 = join(folder, 'bin', windows ? 'node.exe' : 'node');

const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

/** The version that this checkout asks for; undefined when there is no ready-made Node for this machine. */
export const wantedVersion = () => readJson(join(here, 'package.json')).optionalDependencies[packageName];

/** True when `version` ('24.21.0') is at least `least` ('24.16'). */
export function atLeast(version, least) {
  const [have, need] = [version, least].map((text) => text.split('.').map(Number));
  for (const [index, part] of need.entries()) if ((have[index] ?? 0) !== part) return (have[index] ?? 0) > part;
  return true;
}

/** True when the installed binary is of the version asked for. A new version in package.json makes this false. */
export const isCurrent = () => existsSync(node24) && readJson(join(folder, 'package.json'))?.version === wantedVersion();

const isLinked = () => lstatSync(link, { throwIfNoEntry: false }) !== undefined;

/** True when this process is too old, or already runs under the installed binary, which must then be kept current. */
export const needsNode24 = (least) => !atLeast(process.versions.node, least) || isLinked();

/** `npm ci` in `cwd` by the npm that runs us, without the settings that belong to the outer command. Returns true when it worked. */
export function npmCi(cwd, options = []) {
  // prefix, workspace, omit, ignore-scripts … of the outer npm must not reach the inner one
  const outer = /^npm_(package|lifecycle|command|config_(local_prefix|prefix|workspaces?|omit|include|save|ignore_scripts))/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !outer.test(name) && name !== 'NODE_ENV'));
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--engine-strict=false', '--prefix', cwd, ...options];
  const npm = process.env.npm_execpath;
  const stdio = ['ignore', 'ignore', 'inherit'];
  const result = npm?.endsWith('.js')
    ? spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...args], { cwd, stdio, env })
    : spawnSync('npm', args, { cwd, stdio, env, shell: windows });
  return result.status === 0;
}

/** Installs the binary. Returns false when that failed or there is none for this machine. */
export const installNode24 = () => npmCi(here, ['--include=optional']) && isCurrent();

/** Makes `node` in node_modules/.bin the installed binary. */
export function linkNode24() {
  mkdirSync(dirname(link), { recursive: true });
  if (windows) return writeFileSync(link, `@"${node24}" %*\r\n`);
  const target = relative(dirname(link), node24);
  // Left alone when right: another script may be starting through it now.
  if (isLinked() && lstatSync(link).isSymbolicLink() && readlinkSync(link) === target) return;
  rmSync(link, { force: true });
  symlinkSync(target, link);
}
