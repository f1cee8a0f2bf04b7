// TypeScript code blocks of Markdown files, type-checked against the sources as a user of the package sees them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const fence = /^```(?:ts|typescript)\n(.*?)^```$/gms;

/**
 * Each block as a module whose line numbers are those of the page.
 * @param {{ path: string, text: string }} page
 */
export function codeBlocks({ path, text }) {
  return [...text.matchAll(fence)].map(({ 1: code, index }) => {
    const before = text.slice(0, index).split('\n').length;
    return { page: path, line: before, text: `${'\n'.repeat(before)}${code}export {};\n` };
  });
}

/**
 * @param {{ page: string, text: string }[]} blocks
 * @param {string} root folder of the repository
 * @returns {string[]} the errors, each as `page:line message`
 */
export function typeErrors(blocks, root) {
  if (blocks.length === 0) return [];
  // Inside the repository, so that packages are found as usual.
  const folder = mkdtempSync(join(root, '.docs-check-'));
  try {
    blocks.forEach((block, index) => writeFileSync(join(folder, `block-${index}.ts`), block.text));
    const paths = { 'agent-mesh': ['../src/index.ts'], 'agent-mesh/client': ['../src/client.ts'] };
    const options = { paths, noImplicitReturns: false, noUnusedLocals: false, noUnusedParameters: false, noEmit: true };
    const config = {
      extends: '../tsconfig.json',
      compilerOptions: options,
      include: [],
      files: blocks.map((_, index) => `block-${index}.ts`),
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'tsc.cmd' : 'tsc');
    const run = spawnSync(tsc, ['-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (run.error !== undefined) return [`tsc cannot be started: ${run.error.message}`];
    const errors = run.stdout.split('\n').filter((line) => line.includes('error TS'));
    if (run.status !== 0 && errors.length === 0) return [`tsc failed: ${run.stdout}${run.stderr}`];
    return errors.map((line) => named(line, blocks));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function named(line, blocks) {
  const [, file = '', number = '', message = line] = /^(.*?)\((\d+),\d+\): (.*)$/.exec(line) ?? [];
  const block = /^block-(\d+)\.ts$/.exec(basename(file));
  // An error in a source is no business of the page, but without it the page was not checked.
  return block === null ? line : `${blocks[Number(block[1])].page}:${number} ${message}`;
}
