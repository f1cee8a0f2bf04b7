// The whole gate: every step in order, one line each, the full output only of what failed. `--skip=tests` leaves a step out.
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const node = (...args) => [process.execPath, ...args];
const source = (...args) => node('--conditions=source', ...args);

const steps = [
  // First: knip follows imports into an old build instead of the sources.
  ['clean', node('tools/clean.mjs')],
  ['format', ['oxfmt', '--check']],
  ['lint', ['oxlint', '--type-aware', '--deny-warnings']],
  ['rooms', node('tools/check-rooms.mjs')],
  ['types', ['tsc', '--noEmit']],
  ['unused', ['knip', '--no-progress']],
  ['tests', ['vitest', 'run']],
  ['vectors', source('tools/vectors/write.ts', '--check')],
  ['docs', source('tools/docs.mjs', '--check')],
  ['public-api', node('tools/public-api.mjs', '--check')],
  ['build', ['tsc', '-p', 'tsconfig.build.json']],
  ['publint', ['publint', '--strict']],
  ['publint-plugin', ['publint', 'plugins/openclaw', '--strict']],
  ['package', node('tools/check-package.mjs')],
];

const skipped = new Set(
  process.argv.filter((arg) => arg.startsWith('--skip=')).flatMap((arg) => arg.slice(7).split(',')),
);
for (const name of skipped)
  if (!steps.some(([step]) => step === name)) throw new Error(`there is no step ${name} to skip`);

const env = {
  ...process.env,
  PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
  NO_COLOR: '1',
};
const shell = process.platform === 'win32';
const failed = [];
for (const [name, [command, ...args]] of steps) {
  if (skipped.has(name)) {
    console.log(`left out  ${name}`);
    continue;
  }
  const begin = performance.now();
  const run = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 2 ** 28, shell });
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const passed = run.status === 0;
  console.log(`${passed ? 'ok      ' : 'FAILED  '}  ${name} (${seconds} s)`);
  if (passed) continue;
  failed.push(name);
  console.log([run.error?.message, run.stdout, run.stderr].filter(Boolean).join('\n'));
}
console.log(failed.length === 0 ? 'verify: everything holds' : `verify: ${failed.join(', ')} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
