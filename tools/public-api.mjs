// Writes docs/public-api.txt, the exports of the package's two doors with the kind of each declaration; `--check` only compares.
// A change of the public surface is then a diff that somebody reviews.
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

export const doors = { 'agent-mesh': 'src/index.ts', 'agent-mesh/client': 'src/client.ts' };

/**
 * @param {(path: string) => string} read the text of a source file, by its path from the root
 * @param {Record<string, string>} entries door → file
 * @returns {string} one line for each export, sorted by name
 */
export function publicApi(read, entries = doors) {
  const modules = new Map();
  const moduleOf = (path) => {
    if (!modules.has(path)) modules.set(path, readExports(path, read(path)));
    return modules.get(path);
  };
  const sections = Object.entries(entries).map(([door, path]) => {
    const names = [...namesOf(path, { moduleOf, seen: new Set() })].sort();
    return [door, ...names.map((name) => `  ${kindOf(path, name, moduleOf)} ${name}`)].join('\n');
  });
  return `${sections.join('\n\n')}\n`;
}

/** What a module declares, exports under which name, and takes from where. */
function readExports(path, text) {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const module = { declared: new Map(), exported: new Map(), imported: new Map(), stars: [] };
  for (const statement of program.body) {
    if (statement.type === 'ExportAllDeclaration') module.stars.push(fileOf(path, statement.source.value));
    else if (statement.type === 'ImportDeclaration') readImports(path, statement, module);
    else if (statement.type === 'ExportNamedDeclaration') readNamedExports(path, statement, module);
    else declare(statement, module);
  }
  return module;
}

function readImports(path, statement, module) {
  const from = fileOf(path, statement.source.value);
  for (const { imported, local } of statement.specifiers)
    module.imported.set(local.name, { from, name: imported?.name ?? '*' });
}

function readNamedExports(path, statement, module) {
  if (statement.declaration !== null) {
    for (const name of declare(statement.declaration, module)) module.exported.set(name, { name });
  }
  const from = statement.source === null ? undefined : fileOf(path, statement.source.value);
  for (const { local, exported } of statement.specifiers)
    module.exported.set(exported.name, { from, name: local.name });
}

const kinds = {
  FunctionDeclaration: 'function',
  TSDeclareFunction: 'function',
  ClassDeclaration: 'class',
  TSInterfaceDeclaration: 'interface',
  TSTypeAliasDeclaration: 'type',
};

function declare(statement, { declared }) {
  const names =
    statement.type === 'VariableDeclaration' ? statement.declarations.map(({ id }) => id.name) : [statement.id?.name];
  const kind = statement.type === 'VariableDeclaration' ? statement.kind : kinds[statement.type];
  if (kind === undefined) return [];
  for (const name of names) declared.set(name, kind);
  return names;
}

/** The file behind a specifier; undefined for a package. */
function fileOf(path, specifier) {
  if (specifier.startsWith('#')) return `src/${specifier.slice(1)}/index.ts`;
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
}

function namesOf(path, { moduleOf, seen }) {
  if (path === undefined || seen.has(path)) return new Set();
  seen.add(path);
  const { exported, stars } = moduleOf(path);
  return new Set([...exported.keys(), ...stars.flatMap((star) => [...namesOf(star, { moduleOf, seen })])]);
}

function kindOf(path, name, moduleOf) {
  if (path === undefined) return 'foreign';
  const { declared, exported, imported, stars } = moduleOf(path);
  const entry = exported.get(name);
  if (entry === undefined) {
    const star = stars.find((file) => namesOf(file, { moduleOf, seen: new Set() }).has(name));
    if (star === undefined) throw new Error(`${path} does not export ${name}`);
    return kindOf(star, name, moduleOf);
  }
  if (entry.from !== undefined) return kindOf(entry.from, entry.name, moduleOf);
  const source = imported.get(entry.name);
  if (source !== undefined) return kindOf(source.from, source.name, moduleOf);
  return declared.get(entry.name) ?? 'foreign';
}

function main() {
  const root = new URL('../', import.meta.url);
  const file = new URL('docs/public-api.txt', root);
  const wanted = publicApi((path) => readFileSync(new URL(path, root), 'utf8'));
  if (!process.argv.includes('--check')) writeFileSync(file, wanted);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== wanted) {
    console.error(
      'docs/public-api.txt is not what src/index.ts and src/client.ts export: run npm run docs and look at the diff',
    );
    process.exitCode = 1;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main();
