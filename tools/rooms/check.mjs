// The rules of layers.json as a pure function of the files' texts.
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { cyclesOf } from './cycles.mjs';
import { readModule } from './read-module.mjs';

const harmlessBuiltins = new Set([
  'assert',
  'assert/strict',
  'buffer',
  'crypto',
  'events',
  'path',
  'querystring',
  'string_decoder',
  'url',
  'util',
  'util/types',
]);
const kernelBuiltins = new Set(['timers/promises', 'timers', 'perf_hooks']);
const ioGlobals = new Set(['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'process', 'console', 'require']);
const timeNames = new Set([
  'Date.now',
  'new Date()',
  'Date()',
  'setTimeout',
  'setInterval',
  'performance',
  'performance.now',
  'AbortSignal.timeout',
]);
const randomNames = new Set([
  'Math.random',
  'randomBytes',
  'randomUUID',
  'randomInt',
  'randomFill',
  'randomFillSync',
  'getRandomValues',
]);
const maxLines = 300;
const maxTestLines = 600;
const publicDoors = new Set(['src/index.ts', 'src/client.ts']);

/**
 * @param {{ layers: { rooms: Record<string, { imports: string[], typeImports?: string[], io?: boolean }>, packages: Record<string, string[]> },
 *   files: { path: string, text: string }[] }} tree paths relative to the root, with `/`
 * @returns {{ file: string, line: number, rule: string, message: string }[]}
 */
export function checkRooms({ layers, files }) {
  const modules = new Map(
    files.map(({ path, text }) => [path, { path, ...placeOf(path, layers), facts: readModule(path, text) }]),
  );
  const findings = checkLayers(layers);
  const edges = new Map();
  for (const module of modules.values()) {
    const reported = new Set();
    const report = (line, rule, message) => {
      // `performance` and `performance.now` of one line are one violation.
      const key = ['time', 'random'].includes(rule) ? `${line} ${rule}` : `${line} ${rule} ${message}`;
      if (!reported.has(key)) findings.push({ file: module.path, line, rule, message });
      reported.add(key);
    };
    edges.set(module.path, checkModule(module, { layers, modules, report }));
  }
  for (const cycle of cyclesOf(edges)) {
    const message = `import cycle ${[...cycle, cycle[0]].join(' → ')}: move what both need into a file of its own`;
    findings.push({ file: cycle[0], line: 1, rule: 'cycle', message });
  }
  return findings;
}

function placeOf(path, layers) {
  const test = path.endsWith('.test.ts') || !path.startsWith('src/');
  const room = path.startsWith('src/') && path.split('/').length > 2 ? path.split('/')[1] : undefined;
  return { test, room, row: room === undefined ? undefined : layers.rooms[room], outside: !path.startsWith('src/') };
}

function checkLayers({ rooms, packages }) {
  const findings = [];
  const report = (message) => findings.push({ file: 'layers.json', line: 1, rule: 'layers', message });
  const above = new Set();
  for (const [room, row] of Object.entries(rooms)) {
    for (const other of [...row.imports, ...(row.typeImports ?? [])]) {
      if (!above.has(other))
        report(`row ${room} names ${other}, which is not a row above it: rooms import upwards only`);
    }
    above.add(room);
  }
  for (const [name, users] of Object.entries(packages)) {
    for (const room of users) if (!above.has(room)) report(`package ${name} names the room ${room}, which has no row`);
  }
  return findings;
}

/** Reports what breaks a rule and returns the files that this one imports. */
function checkModule(module, context) {
  const { facts, room, row, path } = module;
  const { report } = context;
  if (facts.error !== undefined) {
    report(1, 'parse', `cannot be parsed: ${facts.error}`);
    return [];
  }
  if (room !== undefined && row === undefined)
    report(1, 'room', `the folder src/${room} has no row in layers.json: add one or move the file`);
  if (!module.outside && room === undefined && !publicDoors.has(path))
    report(1, 'room', 'lies in no room: move it into one');
  checkShape(module, report);
  if (!module.test) checkUses(module, report);
  for (const line of module.test ? [] : facts.unknownImports) {
    report(
      line,
      'dynamic',
      'import() of a computed name cannot be checked: write one import() with a literal for each case',
    );
  }
  return facts.imports.map((found) => checkImport(module, found, context)).filter((target) => target !== undefined);
}

function checkShape({ facts, path, room, test, outside }, report) {
  const limit = test ? maxTestLines : maxLines;
  if (facts.lines > limit)
    report(1, 'size', `has ${facts.lines} lines, at most ${limit} are allowed: split it by noun`);
  if (outside || room === undefined || path !== `src/${room}/index.ts`) return;
  for (const line of facts.notReExports)
    report(line, 'index', 'index.ts only re-exports by name: move this into a file of its own');
  for (const line of facts.starExports)
    report(line, 'index', 'index.ts re-exports by name: write the names instead of *');
}

function checkUses({ facts, room, row }, report) {
  if (room === 'kernel') return;
  for (const { name, line } of facts.uses) {
    if (timeNames.has(name))
      report(
        line,
        'time',
        `${name} outside src/kernel: take a Clock (clock.now, clock.monotonic, clock.sleep with a signal)`,
      );
    else if (randomNames.has(name))
      report(line, 'random', `${name} outside src/kernel: take a Random (random.bytes, random.fraction)`);
    else if (ioGlobals.has(name) && row?.io !== true)
      report(
        line,
        'io',
        `${name} is I/O, which ${room ?? 'this file'} may not do: declare a port and let an io room implement it`,
      );
  }
}

function checkImport(module, { specifier, kind, line }, context) {
  const report = (rule, message) => context.report(line, rule, message);
  if (specifier.startsWith('.')) return checkRelative(module, specifier, { ...context, report });
  if (specifier.startsWith('#')) return checkDoor(module, { specifier, kind }, { ...context, report });
  if (specifier.startsWith('/') || specifier.startsWith('file:')) {
    report('relative', `imports the absolute path ${specifier}: use #room or ./file.ts`);
  } else if (isBuiltin(specifier)) checkBuiltin(module, specifier, report);
  else if (!module.test) checkPackage(module, specifier, { ...context, report });
  return undefined;
}

function checkRelative(module, specifier, { modules, report }) {
  const target = posix.join(posix.dirname(module.path), specifier);
  // What tests share may know the inside of the room that it is made for; the simulator is around all of them.
  const fixtures = /^test\/(support|sim)\//.test(module.path);
  const home = module.room === undefined ? undefined : `src/${module.room}/`;
  const support = module.test && /^test\/(support|contracts)\//.test(target);
  if (home !== undefined && !target.startsWith(home) && !support) {
    report('relative', `${specifier} leaves the room ${module.room}: import another room through its door, as '#room'`);
  } else if (publicDoors.has(module.path) && target.startsWith('src/')) {
    report('relative', `${specifier} goes past a door: import it as '#room'`);
  } else if (module.outside && !fixtures && target.startsWith('src/') && !publicDoors.has(target)) {
    report('relative', `${specifier} goes past a door: import it as '#room', or from src/index.ts`);
  } else if (target.endsWith('.ts') && !modules.has(target)) {
    report('resolve', `${specifier} does not exist`);
  } else if (home !== undefined && !/\.(ts|json)$/.test(target)) {
    report('resolve', `${specifier} lacks its file ending: write ./file.ts`);
  }
  return modules.has(target) ? target : undefined;
}

function checkDoor(module, { specifier, kind }, { layers, modules, report }) {
  const room = specifier.slice(1);
  const door = `src/${room}/index.ts`;
  if (!Object.hasOwn(layers.rooms, room)) {
    const name = room.split('/')[0];
    const inside = room !== name && Object.hasOwn(layers.rooms, name);
    report(
      'door',
      inside ? `${specifier} goes past the door: import from '#${name}'` : `${specifier} is no room of layers.json`,
    );
    return undefined;
  }
  if (!modules.has(door)) report('resolve', `${specifier} has no ${door}`);
  if (room === module.room) {
    if (!module.test)
      report('door', `a room does not import itself through its door: import './file.ts' instead of ${specifier}`);
  } else if (module.row !== undefined && !module.test) checkRow(module, { room, kind }, report);
  return modules.has(door) ? door : undefined;
}

function checkRow({ room: own, row }, { room, kind }, report) {
  if (row.imports.includes(room)) return;
  if (row.typeImports?.includes(room)) {
    if (kind !== 'type')
      report(
        'type-only',
        `${own} may import #${room} for its types only: write import type { … } or export type { … }`,
      );
    return;
  }
  report(
    'row',
    `${own} may not import #${room}: it may import ${row.imports.join(', ') || 'no room'}; declare a port and let a room above plug it in`,
  );
}

function checkBuiltin(module, specifier, report) {
  const name = specifier.replace(/^node:/, '');
  if (!specifier.startsWith('node:')) report('builtin', `write node:${name} instead of ${name}`);
  if (module.test || harmlessBuiltins.has(name) || module.room === undefined) return;
  if (kernelBuiltins.has(name)) {
    if (module.room !== 'kernel') report('time', `node:${name} outside src/kernel: take a Clock`);
  } else if (module.row?.io !== true) {
    report(
      'io',
      `node:${name} is I/O, which ${module.room} may not do: declare a port and let an io room implement it`,
    );
  }
}

function checkPackage(module, specifier, { layers, report }) {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const users = Object.hasOwn(layers.packages, name) ? layers.packages[name] : undefined;
  if (module.room !== undefined && users?.includes(module.room)) return;
  const where = users === undefined ? 'no room' : `only ${users.join(', ')}`;
  report(
    'package',
    `${name} may be used by ${where}: go through that room, or extend "packages" in layers.json and say why`,
  );
}
