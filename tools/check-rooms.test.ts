import { describe, expect, it } from 'vitest';
import { checkRooms, type Layers, readTree } from './check-rooms.mjs';

const layers: Layers = {
  rooms: {
    kernel: { imports: [] },
    identity: { imports: ['kernel'] },
    trust: { imports: ['kernel', 'identity'] },
    storage: { imports: ['kernel'], typeImports: ['trust'], io: true },
  },
  packages: { cborg: ['kernel'], '@scure/base': ['kernel', 'identity'] },
};

const clean: Readonly<Record<string, string>> = {
  'src/kernel/index.ts': `export { clock } from './clock.ts';\n`,
  'src/kernel/clock.ts': `import { encode } from 'cborg';\nexport const clock = { now: () => Date.now(), encode };\n`,
  'src/identity/index.ts': `export { id } from './id.ts';\n`,
  'src/identity/id.ts': `import { createHash } from 'node:crypto';\nimport { hex } from '@scure/base';\nimport { clock } from '#kernel';\nexport const id = [createHash, hex, clock];\n`,
  'src/trust/index.ts': `export { trust } from './trust.ts';\nexport type { Store } from './store.ts';\n`,
  'src/trust/trust.ts': `import { id } from '#identity';\nimport type { Store } from './store.ts';\nexport const trust = (store: Store) => [store, id];\n`,
  'src/trust/store.ts': `export interface Store { setTimeout: number; readonly fetch: typeof fetch }\n`,
  'src/trust/trust.test.ts': `import { readFileSync } from 'node:fs';\nimport { it } from 'vitest';\nimport { store } from '#storage';\nimport { help } from '../../test/support/help.ts';\nimport { trust } from './trust.ts';\nit('x', () => [trust, store, help, readFileSync, Date.now()]);\n`,
  'src/storage/index.ts': `export { store } from './sqlite.ts';\n`,
  'src/storage/sqlite.ts': `import { open } from 'node:fs/promises';\nimport type { Store } from '#trust';\nexport const store = (): Store => ({ setTimeout: 1, fetch, open });\n`,
  'src/index.ts': `export { trust } from '#trust';\nexport { store } from '#storage';\n`,
  'test/support/help.ts': `import { trust } from '#trust';\nexport const help = trust;\n`,
};

/** The rules broken by the clean tree with these files put in its place. */
function rulesBroken(changes: Readonly<Record<string, string>>, with_: Layers = layers): string[] {
  const files = Object.entries({ ...clean, ...changes }).map(([path, text]) => ({ path, text }));
  return checkRooms({ layers: with_, files }).map(({ file, rule, message }) => {
    expect(message.length).toBeGreaterThan(10);
    return `${file} ${rule}`;
  });
}

const inTrust = (text: string): string[] => rulesBroken({ 'src/trust/planted.ts': `${text}\n` });
const planted = (rule: string): string[] => [`src/trust/planted.ts ${rule}`];

describe('a tree that keeps the rules', () => {
  it('passes', () => {
    expect(rulesBroken({})).toEqual([]);
  });

  it('is this repository, as far as the form of layers.json goes', () => {
    const tree = readTree(new URL('../', import.meta.url));
    expect(tree.files.length).toBeGreaterThan(20);
    expect(checkRooms({ layers: tree.layers, files: [] })).toEqual([]);
  });
});

describe('an import of a room that the row does not name', () => {
  it.each([
    ['static', `import { store } from '#storage';\nexport const x = store;`],
    ['type-only', `import type { store } from '#storage';\nexport type X = typeof store;`],
    ['for its effect', `import '#storage';`],
    ['re-export', `export { store } from '#storage';`],
    ['re-export of a type', `export type { store } from '#storage';`],
    ['re-export of all', `export * from '#storage';`],
    ['dynamic', `export const x = async () => await import('#storage');`],
    ['in a type', `export type X = import('#storage').Y;`],
    ['with import =', `import x = require('#storage');\nexport const y = x;`],
  ])('is caught: %s', (_kind, text) => {
    expect(inTrust(text)).toEqual(planted('row'));
  });

  it('is caught in the lowest room too', () => {
    expect(
      rulesBroken({ 'src/kernel/planted.ts': `import type { X } from '#identity';\nexport type Y = X;\n` }),
    ).toEqual(['src/kernel/planted.ts row']);
  });
});

describe('a room known by its types only', () => {
  const inStorage = (text: string): string[] => rulesBroken({ 'src/storage/planted.ts': `${text}\n` });

  it('may be imported by import type, export type and in a type', () => {
    expect(
      inStorage(
        `import type { Store } from '#trust';\nexport type { Store } from '#trust';\nexport type X = Store | import('#trust').Store;`,
      ),
    ).toEqual([]);
  });

  it.each([
    ['a value', `import { trust } from '#trust';\nexport const x = trust;`],
    ['inline type, which still loads the room', `import { type Store } from '#trust';\nexport type X = Store;`],
    ['a re-export of a value', `export { trust } from '#trust';`],
    ['dynamic', `export const x = () => import('#trust');`],
  ])('is caught when imported as %s', (_kind, text) => {
    expect(inStorage(text)).toEqual(['src/storage/planted.ts type-only']);
  });
});

describe('a way past a door', () => {
  it.each([
    ['a file of a room', `import { id } from '#identity/id.ts';`, 'door'],
    ['a room that does not exist', `import { x } from '#utils';`, 'door'],
    ['the own door', `import { trust } from '#trust';`, 'door'],
    ['a relative path out of the room', `import { id } from '../identity/id.ts';`, 'relative'],
    ['a relative path to another door', `export { id } from '../identity/index.ts';`, 'relative'],
    ['a relative path to test support', `import { help } from '../../test/support/help.ts';`, 'relative'],
    ['an absolute path', `import x from '/tmp/x.ts';`, 'relative'],
    ['a file that does not exist', `import { x } from './missing.ts';`, 'resolve'],
    ['a file without its ending', `import { trust } from './trust';`, 'resolve'],
    ['a computed name', `export const x = (name: string) => import(name);`, 'dynamic'],
  ])('is caught: %s', (_what, text, rule) => {
    expect(inTrust(text)).toEqual(planted(rule));
  });

  it('is open to tests that use shared fixtures or contracts, to the fixtures, and to the simulator', () => {
    const files = {
      'src/trust/a.test.ts': `import { suite } from '../../test/contracts/suite.ts';\nimport { help } from '../../test/support/help.ts';\n`,
      'test/contracts/suite.ts': `export const suite = 1;\n`,
      'test/support/help.ts': `import { id } from '../../src/identity/id.ts';\nexport const help = id;\n`,
      'test/sim/world.ts': `import { id } from '../../src/identity/id.ts';\nexport const world = id;\n`,
    };
    expect(rulesBroken(files)).toEqual([]);
  });

  it('is caught in tests and in the public doors', () => {
    expect(rulesBroken({ 'src/trust/a.test.ts': `import { id } from '../identity/id.ts';\n` })).toEqual([
      'src/trust/a.test.ts relative',
    ]);
    expect(rulesBroken({ 'src/index.ts': `export { id } from './identity/id.ts';\n` })).toEqual([
      'src/index.ts relative',
    ]);
    expect(rulesBroken({ 'test/cli/a.ts': `import { id } from '../../src/identity/id.ts';\n` })).toEqual([
      'test/cli/a.ts relative',
    ]);
  });
});

describe('an import cycle', () => {
  it('is caught when only types go round', () => {
    const files = {
      'src/trust/a.ts': `import type { B } from './b.ts';\nexport type A = B;\n`,
      'src/trust/b.ts': `import { c } from './c.ts';\nexport type B = typeof c;\n`,
      'src/trust/c.ts': `export type { A } from './a.ts';\nexport const c = 1;\n`,
    };
    expect(rulesBroken(files)).toEqual(['src/trust/a.ts cycle']);
  });

  it('is caught when it goes through the index of the own room or through a dynamic import', () => {
    expect(
      rulesBroken({
        'src/trust/store.ts': `import type { trust } from './index.ts';\nexport type Store = typeof trust;\n`,
      }),
    ).toEqual(['src/trust/index.ts cycle']);
    const lazy = {
      'src/trust/a.ts': `export const a = () => import('./b.ts');\n`,
      'src/trust/b.ts': `export { a } from './a.ts';\n`,
    };
    expect(rulesBroken(lazy)).toEqual(['src/trust/a.ts cycle']);
  });
});

describe('I/O in a room without it', () => {
  it.each([
    'fs',
    'fs/promises',
    'net',
    'http',
    'https',
    'http2',
    'child_process',
    'dgram',
    'tls',
    'worker_threads',
    'sqlite',
    'os',
    'dns',
    'readline',
    'process',
    'module',
    'stream',
    'cluster',
  ])('is caught: node:%s', (name) => {
    expect(inTrust(`import * as x from 'node:${name}';\nexport const y = x;`)).toEqual(planted('io'));
  });

  it.each([
    ['fetch', `export const x = () => fetch('http://a/');`],
    ['fetch of globalThis', `export const x = () => globalThis.fetch('http://a/');`],
    ['process', `export const x = process.env;`],
    ['console', `console.log(1);\nexport const x = 1;`],
    ['WebSocket', `export const x = new WebSocket('ws://a/');`],
    ['require', `export const x = require('node:fs');`],
  ])('is caught: %s', (_name, text) => {
    expect(inTrust(text)).toEqual(planted('io'));
  });

  it('is not what a parameter, a method or a type of that name is', () => {
    const text = `export const x = (fetch: () => void, port: { process(): void }) => { fetch(); port.process(); };\nexport type Y = typeof process;`;
    expect(inTrust(text)).toEqual([]);
  });

  it('is not node:crypto, node:util, node:events or node:buffer', () => {
    for (const name of ['crypto', 'util', 'events', 'buffer'])
      expect(inTrust(`import * as x from 'node:${name}';\nexport const y = x;`)).toEqual([]);
  });

  it('needs the prefix node:', () => {
    expect(inTrust(`import { createHash } from 'crypto';\nexport const x = createHash;`)).toEqual(planted('builtin'));
  });
});

describe('time and randomness outside the kernel', () => {
  it.each([
    ['time', `export const x = Date.now();`],
    ['time', `export const x = Date['now']();`],
    ['time', `export const x = globalThis.Date.now();`],
    ['time', `const { now } = Date;\nexport const x = now;`],
    ['time', `export const x = new Date();`],
    ['time', `export const x = Date();`],
    ['time', `setTimeout(() => {}, 1);\nexport const x = 1;`],
    ['time', `globalThis.setInterval(() => {}, 1);\nexport const x = 1;`],
    ['time', `export const x = [setTimeout];`],
    ['time', `export const x = performance.now();`],
    ['time', `export const x = AbortSignal.timeout(5);`],
    ['time', `import { setTimeout as sleep } from 'node:timers/promises';\nexport const x = sleep;`],
    ['time', `import { performance } from 'node:perf_hooks';\nexport const x = 1;`],
    ['random', `export const x = Math.random();`],
    ['random', `import { randomBytes } from 'node:crypto';\nexport const x = 1;`],
    ['random', `import { randomBytes as bytes } from 'node:crypto';\nexport const x = bytes(1);`],
    ['random', `import * as c from 'node:crypto';\nexport const x = c.randomBytes(1);`],
    ['random', `import c from 'node:crypto';\nexport const x = c.randomUUID();`],
    [
      'random',
      `import { webcrypto } from 'node:crypto';\nexport const x = webcrypto.getRandomValues(new Uint8Array(1));`,
    ],
    ['random', `export const x = crypto.getRandomValues(new Uint8Array(1));`],
    ['random', `export const x = globalThis.crypto.randomUUID();`],
  ])('are caught: %s by %s', (rule, text) => {
    expect(inTrust(text)).toEqual(planted(rule));
  });

  it('are caught in rooms with I/O as well', () => {
    expect(rulesBroken({ 'src/storage/planted.ts': `export const x = Date.now();\n` })).toEqual([
      'src/storage/planted.ts time',
    ]);
  });

  it('are not a date of a given time, a key of that name, or an own function', () => {
    const text = [
      `export const x = [new Date(5), Date.parse('2026-01-01')];`,
      `export const y = { randomBytes: (n: number) => n, setTimeout() { return 1; } };`,
      `export const z = (socket: { setTimeout(ms: number): void }) => socket.setTimeout(5);`,
      `export type T = ReturnType<typeof setTimeout>;`,
    ];
    expect(inTrust(text.join('\n'))).toEqual([]);
  });
});

describe('an npm package', () => {
  it('is caught in a room that its row does not name, in any form', () => {
    expect(inTrust(`import { encode } from 'cborg';`)).toEqual(planted('package'));
    expect(inTrust(`import { hex } from '@scure/base/lib';`)).toEqual(planted('package'));
    expect(inTrust(`import type { X } from 'left-pad';`)).toEqual(planted('package'));
    expect(inTrust(`export const x = () => import('cborg');`)).toEqual(planted('package'));
    expect(rulesBroken({ 'src/index.ts': `export { encode } from 'cborg';\n` })).toEqual(['src/index.ts package']);
  });
});

describe('the form of files', () => {
  it('is kept: at most 300 lines, one room each, an index that only re-exports by name, and it parses', () => {
    expect(rulesBroken({ 'src/trust/long.ts': 'export const x = 1;\n'.padEnd(320, '\n') })).toEqual([
      'src/trust/long.ts size',
    ]);
    expect(rulesBroken({ 'src/trust/long.ts': 'export const x = 1;\n'.padEnd(319, '\n') })).toEqual([]);
    expect(rulesBroken({ 'src/stray.ts': 'export const x = 1;\n' })).toEqual(['src/stray.ts room']);
    expect(rulesBroken({ 'src/common/x.ts': 'export const x = 1;\n' })).toEqual(['src/common/x.ts room']);
    expect(rulesBroken({ 'src/storage/index.ts': `export const store = 1;\n` })).toEqual([
      'src/storage/index.ts index',
    ]);
    expect(rulesBroken({ 'src/storage/index.ts': `export * from './sqlite.ts';\n` })).toEqual([
      'src/storage/index.ts index',
    ]);
    expect(rulesBroken({ 'src/trust/broken.ts': 'export const = ;\n' })).toEqual(['src/trust/broken.ts parse']);
  });
});

describe('layers.json', () => {
  it('is refused when a row names a room below it or a package names no room', () => {
    const rooms = { ...layers.rooms, identity: { imports: ['kernel', 'trust'] } };
    expect(rulesBroken({}, { ...layers, rooms })).toEqual(['layers.json layers']);
    expect(rulesBroken({}, { ...layers, packages: { ...layers.packages, ws: ['link'] } })).toEqual([
      'layers.json layers',
    ]);
  });
});
