/** A value of a JSON5 text, with where it stands. */
export interface Json5Node {
  readonly start: number;
  readonly end: number;
  readonly value: unknown;
  /** Of an object. */
  readonly members?: readonly Json5Member[];
}

export interface Json5Member {
  readonly key: string;
  /** Of the key. */
  readonly start: number;
  readonly node: Json5Node;
}

/** Why a text is no JSON5, without any of it: secrets stand in it. */
export class Json5Fault extends Error {
  readonly line: number;

  constructor(text: string, at: number) {
    const line = text.slice(0, at).split('\n').length;
    super(`line ${line} cannot be read`);
    this.line = line;
  }
}

/** Reads JSON5 (json5.org): JSON with comments, trailing commas, plain keys and more kinds of strings and numbers. Throws Json5Fault. */
export function parseJson5(text: string): Json5Node {
  const reader = new Reader(text);
  const node = reader.value(0);
  reader.end();
  return node;
}

const maxDepth = 100;
const space = /[\s\ufeff]*(?:(?:\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/)[\s\ufeff]*)*/y;
const number = /[+-]?(?:Infinity|NaN|0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y;
const identifier = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const string = /"(?:[^"\\\n\r]|\\(?:\r\n|[\s\S]))*"|'(?:[^'\\\n\r]|\\(?:\r\n|[\s\S]))*'/y;
const words: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  end(): void {
    this.#take(space);
    if (this.#at < this.#text.length) throw this.#fault();
  }

  value(depth: number): Json5Node {
    if (depth > maxDepth) throw this.#fault();
    this.#take(space);
    const start = this.#at;
    const next = this.#text[start];
    if (next === '{') return this.#object(start, depth);
    if (next === '[') return this.#array(start, depth);
    const value = next === '"' || next === "'" ? this.#string() : this.#plain();
    return { start, end: this.#at, value };
  }

  #object(start: number, depth: number): Json5Node {
    const members: Json5Member[] = [];
    this.#at += 1;
    for (;;) {
      this.#take(space);
      if (this.#skip('}')) break;
      const at = this.#at;
      const key = /["']/.test(this.#text[at] ?? '') ? this.#string() : this.#take(identifier);
      this.#take(space);
      if (key === undefined || !this.#skip(':')) throw this.#fault();
      members.push({ key, start: at, node: this.value(depth + 1) });
      if (!this.#goesOn('}')) break;
    }
    const value = Object.fromEntries(members.map(({ key, node }) => [key, node.value]));
    return { start, end: this.#at, value, members };
  }

  #array(start: number, depth: number): Json5Node {
    const value: unknown[] = [];
    this.#at += 1;
    for (;;) {
      this.#take(space);
      if (this.#skip(']')) break;
      value.push(this.value(depth + 1).value);
      if (!this.#goesOn(']')) break;
    }
    return { start, end: this.#at, value };
  }

  /** Behind a member: a comma, or the end. */
  #goesOn(end: string): boolean {
    this.#take(space);
    if (this.#skip(',')) return true;
    if (this.#skip(end)) return false;
    throw this.#fault();
  }

  #string(): string {
    const quoted = this.#take(string);
    if (quoted === undefined) throw this.#fault();
    return quoted.slice(1, -1).replaceAll(escape, (escaped) => unescaped(escaped.slice(1)));
  }

  #plain(): unknown {
    const digits = this.#take(number);
    if (digits !== undefined)
      return digits.startsWith('-') ? -Number(digits.slice(1)) : Number(digits.replace(/^\+/, ''));
    const word = this.#take(identifier);
    if (word === undefined || !Object.hasOwn(words, word)) throw this.#fault();
    return words[word];
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  #fault(): Json5Fault {
    return new Json5Fault(this.#text, this.#at);
  }
}

const escape = /\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|[\s\S])/g;
const controls: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '0': '\0' };

/** What stands behind a backslash. */
function unescaped(text: string): string {
  if (/^[ux]./.test(text)) return String.fromCharCode(Number.parseInt(text.slice(1), 16));
  // The end of a line is left out.
  return /^[\n\r\u2028\u2029]/.test(text) ? '' : (controls[text] ?? text);
}
