import { describe, expect, it } from 'vitest';
import { publicApi } from './public-api.mjs';

const files: Readonly<Record<string, string>> = {
  'src/index.ts': `export { Agent, type Card, limits } from '#node';\nexport type { Id } from './id.ts';\nexport * from './all.ts';\nimport { z } from 'zod';\nexport { z };\n`,
  'src/id.ts': `export type Id = string;\n`,
  'src/all.ts': `export function start(): void {}\nexport const a = 1, b = 2;\n`,
  'src/node/index.ts': `export { Agent } from './agent.ts';\nexport type { Card } from './agent.ts';\nexport { inner as limits } from './agent.ts';\n`,
  'src/node/agent.ts': `class Agent {}\nconst inner = 1;\nexport interface Card { a: 1 }\nexport { Agent, inner };\n`,
};
const read = (path: string): string => {
  const text = files[path];
  if (text === undefined) throw new Error(`no ${path}`);
  return text;
};

describe('the list of public exports', () => {
  it('names every export with the kind of its declaration, through rooms, renames and stars', () => {
    expect(publicApi(read, { 'agent-mesh': 'src/index.ts' }).split('\n')).toEqual([
      'agent-mesh',
      '  class Agent',
      '  interface Card',
      '  type Id',
      '  const a',
      '  const b',
      '  const limits',
      '  function start',
      '  foreign z',
      '',
    ]);
  });

  it('fails when a door exports what its source does not have', () => {
    expect(() => publicApi((path) => (path === 'src/node/index.ts' ? '' : read(path)), { x: 'src/index.ts' })).toThrow(
      'src/node/index.ts does not export Agent',
    );
  });
});
