import { existsSync } from 'node:fs';
import * as z from 'zod';
import { MeshError } from '#kernel';
import { readKeyFile } from '#storage';
import { labelOf, type Teammate } from './teammate.ts';

const fileSchema = z.looseObject({ tokens: z.record(z.string(), z.string()) });
/** What is shorter stands in other texts by chance. */
const leastRedacted = 8;

/** The tokens of gateways, by email prefix. Nothing that prints, logs or serializes an object finds them in it. */
export class Tokens {
  readonly path: string;
  readonly #byPrefix: ReadonlyMap<string, string>;

  private constructor(path: string, byPrefix: ReadonlyMap<string, string>) {
    this.path = path;
    this.#byPrefix = byPrefix;
  }

  /** Without a file there are none. Throws KEY_FILE_PERMISSIONS when others may read it, TEAM_FILE_INVALID. */
  static async read(path: string): Promise<Tokens> {
    return existsSync(path) ? Tokens.parse(await readKeyFile(path), path) : new Tokens(path, new Map());
  }

  static parse(text: string, path: string): Tokens {
    // What a parser says quotes the text, and the text is made of secrets: only what was expected is told.
    const parsed = fileSchema.safeParse(jsonOf(text));
    if (!parsed.success) {
      throw new MeshError('TEAM_FILE_INVALID', `${path} has not the form of a file of tokens`, {
        hint: 'Write: {"tokens": {"bob": "TOKEN"}}, with the emailPrefix of each teammate.',
      });
    }
    const filled = Object.entries(parsed.data.tokens).map(
      ([prefix, token]) => [prefix.toLowerCase(), token.trim()] as const,
    );
    const bad = filled.find(([, token]) => /\s/.test(token));
    if (bad !== undefined) {
      throw new MeshError('TEAM_FILE_INVALID', `${path}: the token of ${JSON.stringify(bad[0])} has a space in it`, {
        hint: 'Copy it again, in one piece.',
      });
    }
    // An example that nobody filled in: `<bob-gateway-token>`.
    return new Tokens(path, new Map(filled.filter(([, token]) => token !== '' && !/^<.*>$/.test(token))));
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  get size(): number {
    return this.#byPrefix.size;
  }

  of({ emailPrefix }: { readonly emailPrefix: string }): string | undefined {
    return this.#byPrefix.get(emailPrefix.toLowerCase());
  }

  /** Long enough to be told from other words. */
  get secrets(): readonly string[] {
    return [...this.#byPrefix.values()].filter(({ length }) => length >= leastRedacted);
  }

  /** The same text without any of the tokens, whoever wrote it. */
  redact(text: string): string {
    const longestFirst = this.secrets.toSorted((one, other) => other.length - one.length);
    return longestFirst.reduce((clean, secret) => clean.replaceAll(secret, '[token]'), text);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function tokenMissing(teammate: Teammate, { path, exists }: Tokens): MeshError {
  const { name, emailPrefix } = teammate;
  const text = `There is no token for the gateway of ${labelOf(teammate)} in ${path}`;
  const line = `{"tokens": {"${emailPrefix}": "TOKEN"}}`;
  return new MeshError('TEAM_TOKEN_MISSING', text, {
    hint: exists
      ? `Ask ${name} for it (gateway.auth.token) and add it there: ${line}`
      : `Ask ${name} for it (gateway.auth.token), write ${line} into that file, then: chmod 600 ${path}`,
  });
}
