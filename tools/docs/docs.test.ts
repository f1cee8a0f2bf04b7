import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { codeBlocks, typeErrors } from './code-blocks.mjs';
import { brokenLinks } from './links.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('links of Markdown pages', () => {
  const pages = [
    { path: 'README.md', text: '# Agent Mesh\n\n## Two `minutes`: go!\n\n## Two minutes go\n' },
    { path: 'docs/a.md', text: '' },
  ];
  const check = (text: string): string[] =>
    brokenLinks([...pages, { path: 'docs/b.md', text }], (path) =>
      ['README.md', 'docs/a.md', 'docs/b.md', 'LICENSE'].includes(path),
    ).map(({ line, message }) => `${line} ${message}`);

  it('pass when file and heading exist', () => {
    const text =
      '[a](a.md) [b](../README.md#two-minutes-go) [c](../README.md#two-minutes-go-1) [d](../LICENSE "the text") [e](https://example.org/x#y)';
    expect(check(text)).toEqual([]);
  });

  it('are caught when the file, the heading or the way out of the repository is wrong', () => {
    expect(check('x\n[a](missing.md)')).toEqual(['2 link to missing.md: there is no docs/missing.md']);
    expect(check('[a](../README.md#three)')).toEqual([
      '1 link to ../README.md#three: README.md has no heading of that name',
    ]);
    expect(check('[a](../../etc/passwd)')).toEqual(['1 link to ../../etc/passwd: there is no ../etc/passwd']);
    expect(check('![picture](a.png)')).toEqual(['1 link to a.png: there is no docs/a.png']);
  });

  it('do not count inside code', () => {
    expect(check('`[a](missing.md)`\n\n```\n[a](missing.md)\n```\n')).toEqual([]);
  });
});

describe('TypeScript in Markdown pages', () => {
  const page = (code: string) => ({
    path: 'docs/x.md',
    text: `# X\n\n\`\`\`ts\n${code}\n\`\`\`\n\n\`\`\`sh\nmesh up\n\`\`\`\n`,
  });

  it('passes when it type-checks, and names page and line when it does not', () => {
    const good = codeBlocks(page('const answer: number = 42;\nconsole.log(answer);'));
    const bad = codeBlocks(page('const answer: number = 42;\nconst wrong: string = answer;'));
    expect(good).toHaveLength(1);
    expect(typeErrors(good, root)).toEqual([]);
    expect(typeErrors([...good, ...bad], root)).toEqual([expect.stringMatching(/^docs\/x\.md:5 error TS2322/)]);
    expect(readdirSync(root).filter((name) => name.startsWith('.docs-check-'))).toEqual([]);
  });
});
