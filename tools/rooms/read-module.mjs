// What one TypeScript file imports and which globals it uses, read from its syntax tree.
import { parseSync } from 'oxc-parser';

/**
 * @typedef {{ specifier: string, kind: 'value' | 'type', line: number }} Import
 * @typedef {{ name: string, line: number }} Use
 * @typedef {{ imports: Import[], unknownImports: number[], uses: Use[], notReExports: number[], starExports: number[], lines: number, error?: string }} ModuleFacts
 */

/** @returns {ModuleFacts} */
export function readModule(path, text) {
  const { program, errors } = parseSync(path, text);
  const lineOf = lineCounter(text);
  const facts = {
    imports: [],
    unknownImports: [],
    uses: [],
    notReExports: [],
    starExports: [],
    lines: text.split('\n').length - 1,
  };
  if (errors.length > 0) return { ...facts, error: errors[0].message };
  const scope = { declared: new Set(), cryptoNames: new Set(['crypto']), found: [] };
  walk(program, { parent: undefined, key: '' }, (node, place) => {
    readImport(node, facts, lineOf);
    readBindings(node, scope);
    readUse(node, place, scope);
  });
  for (const { name, base, node } of scope.found) {
    // A name that the file itself declares is not the global one. `crypto` imported as a namespace still is the crypto module.
    const own = scope.declared.has(base);
    if (!own || (scope.cryptoNames.has(base) && base !== name)) facts.uses.push({ name, line: lineOf(node.start) });
  }
  for (const statement of program.body) {
    if (statement.type === 'ExportAllDeclaration') facts.starExports.push(lineOf(statement.start));
    else if (!isReExport(statement)) facts.notReExports.push(lineOf(statement.start));
  }
  return facts;
}

const isReExport = (statement) =>
  statement.type === 'ExportNamedDeclaration' &&
  (statement.source !== null || (statement.declaration === null && statement.specifiers.length === 0));

function lineCounter(text) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => starts.findLastIndex((start) => start <= offset) + 1;
}

function walk(node, place, visit) {
  visit(node, place);
  for (const [key, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && typeof child.type === 'string')
        walk(child, { parent: node, key, above: place }, visit);
    }
  }
}

function readImport(node, facts, lineOf) {
  const line = lineOf(node.start);
  const add = (source, kind) => {
    if (source?.type === 'Literal' && typeof source.value === 'string')
      facts.imports.push({ specifier: source.value, kind, line });
    else facts.unknownImports.push(line);
  };
  switch (node.type) {
    case 'ImportDeclaration':
      return add(node.source, node.importKind === 'type' ? 'type' : 'value');
    case 'ExportAllDeclaration':
      return add(node.source, node.exportKind === 'type' ? 'type' : 'value');
    case 'ExportNamedDeclaration':
      return node.source === null ? undefined : add(node.source, node.exportKind === 'type' ? 'type' : 'value');
    case 'ImportExpression':
      return add(node.source, 'value');
    case 'TSImportType':
      return add(node.source ?? node.argument, 'type');
    case 'TSExternalModuleReference':
      return add(node.expression, 'value');
    default:
      return undefined;
  }
}

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

function readBindings(node, { declared, cryptoNames }) {
  if (node.type === 'VariableDeclarator') bindPattern(node.id, declared);
  else if (functions.has(node.type)) {
    if (node.id) declared.add(node.id.name);
    for (const parameter of node.params) bindPattern(parameter, declared);
  } else if (node.type === 'ClassDeclaration' && node.id) declared.add(node.id.name);
  else if (node.type === 'CatchClause' && node.param) bindPattern(node.param, declared);
  else if (node.type === 'ImportDeclaration') {
    const crypto = node.source.value === 'node:crypto' || node.source.value === 'crypto';
    for (const specifier of node.specifiers) {
      declared.add(specifier.local.name);
      if (crypto && (specifier.type !== 'ImportSpecifier' || specifier.imported.name === 'webcrypto'))
        cryptoNames.add(specifier.local.name);
    }
  }
}

function bindPattern(pattern, declared) {
  if (pattern === null || pattern === undefined) return;
  if (pattern.type === 'Identifier') declared.add(pattern.name);
  else if (pattern.type === 'ObjectPattern')
    for (const property of pattern.properties) bindPattern(property.value ?? property.argument, declared);
  else if (pattern.type === 'ArrayPattern') for (const element of pattern.elements) bindPattern(element, declared);
  else if (pattern.type === 'AssignmentPattern') bindPattern(pattern.left, declared);
  else if (pattern.type === 'RestElement') bindPattern(pattern.argument, declared);
}

// Types name no values, but these nodes carry expressions.
const carriers = new Set([
  'TSAsExpression',
  'TSNonNullExpression',
  'TSSatisfiesExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'TSExportAssignment',
]);

function insideType(place) {
  for (let at = place; at?.parent !== undefined; at = at.above) {
    const { type } = at.parent;
    if (carriers.has(type)) return at.key !== 'expression' || insideType(at.above);
    if (type.startsWith('TS')) return true;
  }
  return false;
}

function readUse(node, place, scope) {
  if (node.type === 'ImportSpecifier' && place.parent.importKind !== 'type' && node.importKind !== 'type') {
    const source = place.parent.source.value;
    if (/^(node:)?crypto$/.test(source))
      scope.found.push({ name: node.imported.name, base: `import ${node.imported.name}`, node });
    return;
  }
  if (node.type === 'MemberExpression') return readMember(node, place, scope);
  if (node.type === 'NewExpression' && node.callee.name === 'Date' && node.arguments.length === 0) {
    scope.found.push({ name: 'new Date()', base: 'Date', node });
  } else if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'Date') {
    scope.found.push({ name: 'Date()', base: 'Date', node });
  } else if (
    node.type === 'VariableDeclarator' &&
    node.id.type === 'ObjectPattern' &&
    node.init?.type === 'Identifier'
  ) {
    for (const { key } of node.id.properties)
      if (key) scope.found.push({ name: `${node.init.name}.${key.name}`, base: node.init.name, node });
  } else if (node.type === 'Identifier' && isReference(node, place) && !insideType(place)) {
    scope.found.push({ name: node.name, base: node.name, node });
  }
}

/** `Date.now`, `globalThis.setTimeout`, `crypto.webcrypto.getRandomValues`: the dotted name without `globalThis`. */
function readMember(node, place, scope) {
  if (place.parent?.type === 'MemberExpression' && place.key === 'object') return;
  const names = dotted(node);
  if (names === undefined) return;
  const global = names[0] === 'globalThis' || names[0] === 'global';
  const path = global ? names.slice(1) : names;
  const base = global ? `globalThis.${path[0]}` : path[0];
  for (let length = 1; length <= path.length; length += 1) {
    const part = path.slice(0, length);
    if (length === 1 && !global) continue;
    scope.found.push({ name: part.join('.'), base, node });
    if (scope.cryptoNames.has(path[0])) scope.found.push({ name: part.at(-1), base: path[0], node });
  }
}

function dotted(node) {
  if (node.type === 'Identifier') return [node.name];
  if (node.type !== 'MemberExpression') return undefined;
  const before = dotted(node.object);
  const last = node.computed
    ? node.property.type === 'Literal'
      ? node.property.value
      : undefined
    : node.property.name;
  return before === undefined || typeof last !== 'string' ? before : [...before, last];
}

function isReference(node, { parent, key }) {
  if (parent === undefined) return false;
  if (parent.type === 'MemberExpression' && key === 'property') return parent.computed;
  if (['Property', 'MethodDefinition', 'PropertyDefinition', 'AccessorProperty'].includes(parent.type) && key === 'key')
    return parent.computed;
  return ![
    'ImportSpecifier',
    'ImportDefaultSpecifier',
    'ImportNamespaceSpecifier',
    'ExportSpecifier',
    'LabeledStatement',
    'MetaProperty',
  ].includes(parent.type);
}
