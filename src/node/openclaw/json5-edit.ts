import { type Json5Member, type Json5Node, parseJson5 } from './json5.ts';

export type Path = readonly string[];

/** The value at the path; undefined when there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, key)
    ? valueAt(Object.entries(value).find(([name]) => name === key)?.[1], rest)
    : undefined;
}

/** The text with the value at the path; everything else stays as it is, comments too. Undefined when something else stands in the way. */
export function withValue(text: string, path: Path, value: unknown): string | undefined {
  const { object, member, rest } = walk(parseJson5(text), path);
  if (member !== undefined && rest.length === 0) {
    return splice(text, member.node, json(value, indentAt(text, member.start)));
  }
  const [key, ...deeper] = rest;
  if (object?.members === undefined || key === undefined) return undefined;
  const [first] = object.members;
  const inner = first === undefined ? `${indentAt(text, object.start)}  ` : indentAt(text, first.start);
  const nested = deeper.reduceRight<unknown>((whole, name) => ({ [name]: whole }), value);
  const added = `\n${inner}${JSON.stringify(key)}: ${json(nested, inner)}`;
  const at = object.start + 1;
  if (first === undefined)
    return splice(text, { start: at, end: object.end - 1 }, `${added}\n${indentAt(text, object.start)}`);
  // The first member may stand in the same line.
  const gap = text.slice(at, first.start).includes('\n') ? '' : `\n${inner}`;
  return splice(text, { start: at, end: gap === '' ? at : first.start }, `${added},${gap}`);
}

/** The text without the member at the path, and without the objects that it leaves empty above it, down to `keep` keys. */
export function withoutValue(text: string, path: Path, keep = 0): string {
  const { object, member, rest } = walk(parseJson5(text), path);
  if (object?.members === undefined || member === undefined || rest.length > 0) return text;
  if (object.members.length === 1 && path.length > keep + 1) return withoutValue(text, path.slice(0, -1), keep);
  const index = object.members.indexOf(member);
  const next = object.members[index + 1];
  const before = object.members[index - 1];
  if (next !== undefined) return splice(text, { start: member.start, end: next.start }, '');
  // The last one: up to what stands before it, and a comma behind it.
  const start = before?.node.end ?? object.start + 1;
  const tail = /^\s*,/.exec(text.slice(member.node.end))?.[0].length ?? 0;
  return splice(text, { start, end: member.node.end + tail }, '');
}

/** The deepest object on the way, the member found last in it, and what of the path is below. */
function walk(root: Json5Node, path: Path) {
  let object: Json5Node = root;
  let member: Json5Member | undefined;
  for (const [index, key] of path.entries()) {
    // Of a key that is there twice the last one counts.
    const found = object.members?.findLast((one) => one.key === key);
    if (found === undefined) return { object, member: undefined, rest: path.slice(index) };
    member = found;
    if (index < path.length - 1) object = found.node;
  }
  return { object, member, rest: [] };
}

const splice = (
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
  added: string,
): string => text.slice(0, start) + added + text.slice(end);

const json = (value: unknown, indent: string): string =>
  JSON.stringify(value, undefined, 2).replaceAll('\n', `\n${indent}`);

function indentAt(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}
