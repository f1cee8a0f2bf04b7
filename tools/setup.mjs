// Makes a fresh clone ready: Node 24 when the machine's own is older, and the dependencies. Runs before `npm test`, `npm run demo`
// and the like, as their `pre…` script: one shell remembers where it found `node`, the next one finds the new one.
// Plain JavaScript for Node >= 20, no dependencies.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNode24, isCurrent, linkNode24, needsNode24, node24, npmCi, wantedVersion } from './node24/ensure.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const say = (text) => console.error(`setup: ${text}`);

/** True when node_modules holds exactly what package-lock.json names, optional packages of other machines aside. */
export function isInstalled(locked, installed) {
  if (installed === undefined) return false;
  const wanted = Object.entries(locked.packages).filter(([path]) => path !== '');
  const there = wanted.every(([path, { version, optional }]) => {
    const found = installed.packages[path];
    return found === undefined ? optional === true : found.version === version;
  });
  return there && Object.keys(installed.packages).every((path) => Object.hasOwn(locked.packages, path));
}

const readJson = (name) => {
  const path = join(root, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
};

function fail(text) {
  say(text);
  process.exit(1);
}

function setUp() {
  const least = readJson('package.json').engines.node.replace('>=', '');
  const node = needsNode24(least);
  if (node && !isCurrent()) {
    const version = wantedVersion();
    if (version === undefined)
      fail(`Node >= ${least} is needed, this is ${process.version}, and npm has none ready for this machine.`);
    say(`installing Node ${version} into tools/node24 (this one is ${process.version}) …`);
    if (!installNode24())
      fail(`Node ${version} could not be installed; install Node >= ${least} yourself and try again.`);
  }
  if (!isInstalled(readJson('package-lock.json'), readJson(join('node_modules', '.package-lock.json')))) {
    say('installing dependencies (npm ci) …');
    // Tests and tools are development dependencies; no dependency needs an install script.
    if (!npmCi(root, ['--include=dev', '--ignore-scripts'])) fail('npm ci failed; see above.');
  }
  // After npm ci, which empties node_modules.
  if (node && existsSync(node24)) linkNode24();
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url)))
  setUp();
