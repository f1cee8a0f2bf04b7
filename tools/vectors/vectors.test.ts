import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isErrorCode } from '#kernel';
import type { VectorFile } from './seeds.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = globSync('test/vectors/*.json', { cwd: root });

describe('the vector files', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThanOrEqual(5);
  });

  it.each(files)('have the frame that the README of test/vectors describes: %s', (path) => {
    const { spec, description, valid, invalid } = JSON.parse(readFileSync(`${root}${path}`, 'utf8')) as VectorFile;
    expect(spec).toMatch(/^spec\/\d\d-[a-z-]+\.md /);
    expect(readFileSync(`${root}${spec.split(' ')[0] ?? ''}`, 'utf8').length).toBeGreaterThan(0);
    expect(description.length).toBeGreaterThan(10);
    for (const cases of [valid, invalid]) expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    expect(valid.length).toBeGreaterThan(0);
    expect(invalid.filter(({ error }) => !isErrorCode(error))).toEqual([]);
    expect(invalid.length).toBeGreaterThan(0);
  });
});
