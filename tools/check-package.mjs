// Looks at what `npm pack` would put into the package: everything a user needs, nothing that only we need. Needs a build.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const npm = process.env.npm_execpath;
const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
const run = npm?.endsWith('.js')
  ? spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...args], { cwd: root, encoding: 'utf8' })
  : spawnSync('npm', args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
if (run.status !== 0) throw new Error(`npm pack failed: ${run.error?.message ?? run.stderr}`);

// npm 10 and 11 answer with a list, later ones with a map by package name.
const answer = JSON.parse(run.stdout);
const { files, size, unpackedSize } = Array.isArray(answer) ? answer[0] : Object.values(answer)[0];
const paths = files.map(({ path }) => path);

// The command line is started by its main file; the other rooms are entered by their door.
const rooms = Object.keys(JSON.parse(readFileSync(new URL('../layers.json', import.meta.url), 'utf8')).rooms);
const needed = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'SECURITY.md',
  'bin/mesh.cjs',
  'dist/cli/main.js',
  ...['index', 'client', ...rooms.filter((room) => room !== 'cli').map((room) => `${room}/index`)].flatMap((name) => [
    `dist/${name}.js`,
    `dist/${name}.d.ts`,
  ]),
];
const unwanted = /\.test\.|^(src|test|tools|node_modules)\/|\.pem$|\.db$|^\./;
const problems = [
  ...needed.filter((path) => !paths.includes(path)).map((path) => `the package lacks ${path}`),
  ...paths.filter((path) => unwanted.test(path)).map((path) => `the package should not hold ${path}`),
];
for (const problem of problems) console.error(problem);
console.log(
  `package: ${paths.length} files, ${size} bytes packed, ${unpackedSize} unpacked, ${problems.length} problems`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
