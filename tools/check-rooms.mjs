// Enforces layers.json: which room may import what, who may do I/O, where time and randomness come from. `npm run rooms`.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkRooms } from './rooms/check.mjs';

export { checkRooms };

const folders = ['src', 'test', 'bench', 'demo', 'examples'];

/** Reads the tree below `root` for `checkRooms`. */
export function readTree(root) {
  const paths = folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }))
    .map((path) => path.replaceAll('\\', '/'));
  const read = (path) => readFileSync(new URL(path, root), 'utf8');
  return { layers: JSON.parse(read('layers.json')), files: paths.sort().map((path) => ({ path, text: read(path) })) };
}

if (import.meta.main ?? process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = new URL('../', import.meta.url);
  const tree = readTree(root);
  const findings = checkRooms(tree);
  // A checker that looks at nothing reports success as well.
  if (tree.files.length < 20 || !existsSync(new URL('src/kernel/index.ts', root)))
    findings.push({ file: 'src', line: 1, rule: 'tree', message: `only ${tree.files.length} files were found` });
  for (const { file, line, rule, message } of findings) console.error(`${file}:${line} [${rule}] ${message}`);
  console.log(`rooms: ${tree.files.length} files, ${findings.length} violations`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
