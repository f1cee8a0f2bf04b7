import { type Limits, MeshError } from '#kernel';
import { parseBaseUrl } from './base-url.ts';
import { parseRange } from './ip-range.ts';

/** Some texts, counted before they are made. */
interface Part {
  readonly count: number;
  texts(): Iterable<string>;
}

/**
 * Base URLs to ask, each once, in the order given. A target is a URL or `host[:port]` (port 8787), either with
 * `{1..254}`, `{01..20}` or `{a,b}` in it, or an IPv4 range `10.0.0.0/24[:port]`, `http://10.0.0.0/24[:port]`. Throws
 * INVALID_ARGUMENT, with the count when it exceeds `limits.maxScanTargets`.
 */
export function expandTargets(targets: readonly string[], limits: Pick<Limits, 'maxScanTargets'>): readonly string[] {
  const expansions = targets.map((target) => ({ target, parts: parseTarget(target.trim()) }));
  const count = expansions.reduce((sum, { parts }) => sum + product(parts), 0);
  if (count > limits.maxScanTargets) {
    const text = `The scan has ${count} targets, at most ${limits.maxScanTargets} are possible at once`;
    throw new MeshError('INVALID_ARGUMENT', text, { hint: 'Scan a smaller range.', data: { count } });
  }
  const urls = new Set<string>();
  for (const { parts } of expansions) for (const text of combine(parts)) urls.add(parseBaseUrl(text));
  return [...urls];
}

const product = (parts: readonly Part[]): number => parts.reduce((count, part) => count * part.count, 1);

function* combine(parts: readonly Part[]): Generator<string> {
  const [first, ...rest] = parts;
  if (first === undefined) {
    yield '';
    return;
  }
  for (const start of first.texts()) for (const end of combine(rest)) yield start + end;
}

function parseTarget(target: string): readonly Part[] {
  const range = parseRange(target);
  if (range !== undefined) return [range];
  const parts: Part[] = [];
  // What is outside braces stands at even places, what is inside at odd ones.
  for (const [index, text] of splitBraces(target).entries()) {
    parts.push(index % 2 === 0 ? literal(text) : alternatives(text, target));
  }
  return parts;
}

function splitBraces(target: string): readonly string[] {
  const pieces = target.split(/\{([^{}]*)\}/);
  if (!pieces.some((piece, index) => index % 2 === 0 && /[{}]/.test(piece))) return pieces;
  throw new MeshError(
    'INVALID_ARGUMENT',
    `The braces of ${JSON.stringify(target)} do not match, or stand in one another`,
  );
}

const literal = (text: string): Part => ({ count: 1, texts: () => [text] });

/** `{1..5}`, `{a,b}`, and both together: `{1..5,9}`. */
function alternatives(inside: string, target: string): Part {
  const pieces = inside.split(',');
  if (pieces.length === 1 && !inside.includes('..')) {
    const hint = 'Write a range {1..254} or a list {a,b}.';
    throw new MeshError('INVALID_ARGUMENT', `{${inside}} in ${JSON.stringify(target)} is neither a range nor a list`, {
      hint,
    });
  }
  const parts = pieces.map((piece) => numericRange(piece, target) ?? literal(piece));
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    *texts() {
      for (const part of parts) yield* part.texts();
    },
  };
}

function numericRange(piece: string, target: string): Part | undefined {
  if (!piece.includes('..')) return undefined;
  const ends = /^(\d{1,9})\.\.(\d{1,9})$/.exec(piece);
  const [, first = '', last = ''] = ends ?? [];
  if (ends === null || Number(first) > Number(last)) {
    const rule = 'a range has two numbers of at most nine digits, the smaller first';
    throw new MeshError('INVALID_ARGUMENT', `{${piece}} in ${JSON.stringify(target)}: ${rule}`);
  }
  const isPadded = [first, last].some((end) => end.length > 1 && end.startsWith('0'));
  const width = isPadded ? Math.max(first.length, last.length) : 0;
  return {
    count: Number(last) - Number(first) + 1,
    *texts() {
      for (let number = Number(first); number <= Number(last); number += 1) yield String(number).padStart(width, '0');
    },
  };
}
