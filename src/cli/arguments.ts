import { MeshError } from '#kernel';
import { parseDuration, parseMoment, parseSize } from './duration.ts';

/**
 * Positional arguments and flags of one call, read by type. What commander guarantees is checked again, not assumed.
 */
export class Arguments {
  readonly #positionals: readonly unknown[];
  readonly #flags: Readonly<Record<string, unknown>>;

  constructor(positionals: readonly unknown[], flags: Readonly<Record<string, unknown>>) {
    this.#positionals = positionals;
    this.#flags = flags;
  }

  /** The positional argument at `index`. */
  at(index: number, name: string): string {
    const value = this.#positionals[index];
    if (typeof value === 'string' && value !== '') return value;
    throw new MeshError('INVALID_ARGUMENT', `${name} is missing or empty`);
  }

  optional(index: number): string | undefined {
    const value = this.#positionals[index];
    return typeof value === 'string' ? value : undefined;
  }

  /** A variadic argument. */
  rest(index: number): readonly string[] {
    return textsOf(this.#positionals[index]);
  }

  flag(name: string): boolean {
    return this.#flags[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#flags[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** A flag that may be repeated. */
  list(name: string): readonly string[] {
    return textsOf(this.#flags[name]);
  }

  /** One of a few words, or undefined when the flag was not given. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : oneOf(value, choices, optionOf(name));
  }

  /** A whole number from `least` to `most`. */
  number(name: string, [least, most]: readonly [number, number]): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new MeshError(
      'INVALID_ARGUMENT',
      `${optionOf(name)}: ${JSON.stringify(value)} is not a whole number from ${least} to ${most}`,
      {
        hint: `Write a whole number from ${least} to ${most}.`,
      },
    );
  }

  /** With cents and less, if need be. */
  amount(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined || /^\d{1,9}(\.\d{1,6})?$/.test(value))
      return value === undefined ? undefined : Number(value);
    throw new MeshError('INVALID_ARGUMENT', `${optionOf(name)}: ${JSON.stringify(value)} is no amount`, {
      hint: 'Write an amount such as 0.25.',
    });
  }

  durationMs(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : parseDuration(value, optionOf(name));
  }

  bytes(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : parseSize(value, optionOf(name));
  }

  moment(name: string, now: number): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : parseMoment(value, optionOf(name), now);
  }
}

/** The value itself, or INVALID_ARGUMENT that lists what is possible. */
export function oneOf<T extends string>(value: string, choices: readonly T[], where: string): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new MeshError('INVALID_ARGUMENT', `${where}: ${JSON.stringify(value)} is not one of ${choices.join(', ')}`, {
    hint: `Use one of: ${choices.join(', ')}`,
  });
}

/** The same without the keys whose value is undefined, as exact optional properties want it. */
export function present<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // The type drops `undefined` from each value; keys that were undefined are gone, which optional readers accept.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

const optionOf = (name: string): string => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
