// Looks at what `npm pack` would put into each package: everything a user needs, nothing that only we need. Needs a build.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const npm = process.env.npm_execpath;
const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];

/** What npm would pack of the folder. */
function packed(cwd) {
  const run = npm?.endsWith('.js')
    ? spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...args], { cwd, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (run.status !== 0) throw new Error(`npm pack failed: ${run.error?.message ?? run.stderr}`);
  // npm 10 and 11 answer with a list, later ones with a map by package name.
  const answer = JSON.parse(run.stdout);
  return Array.isArray(answer) ? answer[0] : Object.values(answer)[0];
}

/** How many files are missing, or should not be there. */
function problemsOf(name, { folder, needed }) {
  const { files, size, unpackedSize } = packed(folder);
  const paths = files.map(({ path }) => path);
  const problems = [
    ...needed.filter((path) => !paths.includes(path)).map((path) => `the package ${name} lacks ${path}`),
    ...paths.filter((path) => unwanted.test(path)).map((path) => `the package ${name} should not hold ${path}`),
  ];
  for (const problem of problems) console.error(problem);
  const bytes = `${size} bytes packed, ${unpackedSize} unpacked`;
  console.log(`package ${name}: ${paths.length} files, ${bytes}, ${problems.length} problems`);
  return problems.length;
}

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
const unwanted = /\.test\.|^(test|tools|types|node_modules)\/|\.ts$(?<!\.d\.ts)|\.pem$|\.db$|^\./;

// The plugin is what its entry imports, and what its manifest names.
const plugin = join(root, 'plugins', 'openclaw');
const sources = readdirSync(join(plugin, 'src')).map((name) => `src/${name}`);
const pluginNeeds = [
  'package.json',
  'openclaw.plugin.json',
  'index.js',
  'README.md',
  'LICENSE',
  'skills/mesh/SKILL.md',
];

const problems =
  problemsOf('agent-mesh', { folder: root, needed }) +
  problemsOf('of the plugin', { folder: plugin, needed: [...pluginNeeds, ...sources] });
process.exitCode = problems === 0 ? 0 : 1;
