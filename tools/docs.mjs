// Writes docs/errors.md (with `--check` only compares), type-checks the TypeScript in README.md and docs, and checks the relative links
// of every Markdown file. Runs with `node --conditions=source`.
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorTable } from '#kernel';
import { codeBlocks, typeErrors } from './docs/code-blocks.mjs';
import { errorsPage } from './docs/errors-page.mjs';
import { brokenLinks } from './docs/links.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const problems = [];

const errorsPath = join(root, 'docs', 'errors.md');
const wanted = errorsPage(errorTable);
if (!process.argv.includes('--check')) writeFileSync(errorsPath, wanted);
else if (!existsSync(errorsPath) || readFileSync(errorsPath, 'utf8') !== wanted) {
  problems.push('docs/errors.md is not what src/kernel/error-table.ts says: run npm run docs');
}

const pages = globSync('**/*.md', { cwd: root, exclude: (name) => /(^|[\\/])(node_modules|dist|\.git)$/.test(name) })
  .map((path) => path.replaceAll('\\', '/'))
  .sort()
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
const blocks = pages.filter(({ path }) => path === 'README.md' || path.startsWith('docs/')).flatMap(codeBlocks);
problems.push(...typeErrors(blocks, root));
for (const { file, line, message } of brokenLinks(pages, (path) => existsSync(join(root, path))))
  problems.push(`${file}:${line} ${message}`);

for (const problem of problems) console.error(problem);
console.log(`docs: ${pages.length} pages, ${blocks.length} code blocks, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
