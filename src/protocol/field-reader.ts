import { type ErrorCode, isErrorCode, isId, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { charactersOf, type Fields, isAgentIdText, isCount, isLine, isMap } from './fields.ts';

/** What a map may hold. */
export interface Form {
  /** What the map is called in errors. */
  readonly name: string;
  readonly required: readonly string[];
  readonly optional?: readonly string[];
}

const codeForm = /^[A-Z][A-Z0-9_]{0,63}$/;

/** Takes the fields of one map, each checked; the constructor refuses missing keys and keys that are not known. */
export class FieldReader {
  readonly #fields: Fields;
  readonly #form: Form;
  readonly #code: ErrorCode;

  /** Every refusal is a MeshError with `code`. */
  constructor(value: unknown, form: Form, code: ErrorCode = 'MALFORMED') {
    this.#form = form;
    this.#code = code;
    if (!isMap(value)) throw new MeshError(code, `${form.name} must be a map`);
    this.#fields = value;
    const { required, optional } = form;
    let known = 0;
    for (const key of required) {
      if (!Object.hasOwn(value, key)) throw new MeshError(code, `${form.name} lacks ${key}`);
      known += 1;
    }
    if (optional !== undefined) for (const key of optional) if (Object.hasOwn(value, key)) known += 1;
    if (Object.keys(value).length !== known) throw new MeshError(code, `${form.name} has a key that is not known`);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#fields, key);
  }

  value(key: string): unknown {
    return this.#fields[key];
  }

  wrong(key: string, rule: string): MeshError {
    return new MeshError(this.#code, `${this.#form.name}.${key} ${rule}`);
  }

  /** A whole number from `min` to `max`. */
  count(
    key: string,
    { min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number } = {},
  ): number {
    const value = this.#fields[key];
    if (isCount(value) && value >= min && value <= max) return value;
    throw this.wrong(key, `must be a whole number from ${min} to ${max}`);
  }

  bytes(key: string, length: number): Uint8Array {
    const value = this.#fields[key];
    if (value instanceof Uint8Array && value.length === length) return value;
    throw this.wrong(key, `must be ${length} bytes`);
  }

  /** From 1 to `max` bytes. */
  bytesUpTo(key: string, max: number): Uint8Array {
    const value = this.#fields[key];
    if (value instanceof Uint8Array && value.length > 0 && value.length <= max) return value;
    throw this.wrong(key, `must be 1 to ${max} bytes`);
  }

  flag(key: string): boolean {
    const value = this.#fields[key];
    if (typeof value === 'boolean') return value;
    throw this.wrong(key, 'must be true or false');
  }

  agentId(key: string): AgentId {
    const value = this.#fields[key];
    if (isAgentIdText(value)) return value;
    throw this.wrong(key, 'must be an agent id');
  }

  id<P extends string>(key: string, prefix: P): `${P}_${string}` {
    const value = this.#fields[key];
    if (isId(prefix, value)) return value;
    throw this.wrong(key, `must be an id ${prefix}_<uuidv7>`);
  }

  oneOf<T extends string>(key: string, choices: readonly T[]): T {
    const value = this.#fields[key];
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw this.wrong(key, `must be one of ${choices.join(', ')}`);
  }

  /** Printable text in one line (spec §2.3), of 1 to `max` characters. */
  line(key: string, max: number): string {
    const value = this.#fields[key];
    if (isLine(value) && value.length > 0 && (value.length <= max || charactersOf(value) <= max)) return value;
    throw this.wrong(key, `must be 1 to ${max} printable characters in one line`);
  }

  /** A code that is not known here is a refusal all the same: it reads as INTERNAL (spec §7.2). */
  errorCode(key: string): ErrorCode {
    const value = this.#fields[key];
    if (isErrorCode(value)) return value;
    if (typeof value === 'string' && codeForm.test(value)) return 'INTERNAL';
    throw this.wrong(key, 'must be an error code');
  }

  /** At most `max` entries, each as `read` makes it. */
  list<T>(key: string, max: number, read: (entry: unknown) => T): readonly T[] {
    const value = this.#fields[key];
    if (!Array.isArray(value)) throw this.wrong(key, 'must be a list');
    if (value.length > max) throw this.wrong(key, `has ${value.length} entries, at most ${max} are allowed`);
    return value.map(read);
  }

  /** A list of byte strings of 1 to `maxBytes`. */
  bytesList(
    key: string,
    { max, maxBytes }: { readonly max: number; readonly maxBytes: number },
  ): readonly Uint8Array[] {
    return this.list(key, max, (entry) => {
      if (entry instanceof Uint8Array && entry.length > 0 && entry.length <= maxBytes) return entry;
      throw this.wrong(key, `must hold byte strings of 1 to ${maxBytes} bytes`);
    });
  }

  agentIds(key: string, max: number): readonly AgentId[] {
    return this.list(key, max, (entry) => {
      if (isAgentIdText(entry)) return entry;
      throw this.wrong(key, 'must hold agent ids');
    });
  }
}
