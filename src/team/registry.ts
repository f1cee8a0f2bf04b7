import { statSync } from 'node:fs';
import * as z from 'zod';
import { MeshError } from '#kernel';
import { readText } from './read-text.ts';
import { type Teammate, teammateSchema } from './teammate.ts';

/** Who is in the team, in the order of the file. */
export interface Registry {
  readonly path: string;
  readonly teammates: readonly Teammate[];
}

const maxTeammates = 1000;

const registrySchema = z.looseObject({ agents: z.array(teammateSchema).min(1).max(maxTeammates) });

/** What is known of a registry before anybody believes it. */
export interface ParsedRegistry {
  readonly teammates: readonly Teammate[];
  /** With the fields that are not known here, as it is written down. */
  readonly document: Readonly<Record<string, unknown>>;
}

export interface ParseOptions {
  /** Named in errors: a file, an address, a program. */
  readonly source: string;
  readonly code: 'TEAM_FILE_INVALID' | 'TEAM_SOURCE_INVALID';
}

/** Every entry is checked, and no two have the same email prefix. Throws the code given, naming the entry and the rule. */
export function parseRegistry(text: string, options: ParseOptions): ParsedRegistry {
  const value = parseJson(text, options);
  const parsed = registrySchema.safeParse(value);
  if (!parsed.success) throw invalid(describe(parsed.error.issues[0], value), options);
  const { agents } = parsed.data;
  assertNoTokens(parsed.data, options);
  const seen = new Map<string, string>();
  for (const { name, emailPrefix } of agents) {
    const before = seen.get(emailPrefix.toLowerCase());
    if (before !== undefined) {
      throw invalid(`${quoted(before)} and ${quoted(name)} have the same emailPrefix ${quoted(emailPrefix)}`, options);
    }
    seen.set(emailPrefix.toLowerCase(), name);
  }
  return { teammates: agents, document: withoutUndefined(parsed.data) };
}

/** The first of the files that exists. Throws TEAM_FILE_MISSING, TEAM_FILE_INVALID. */
export async function readRegistry(paths: readonly string[]): Promise<Registry> {
  for (const path of paths) {
    const text = await readText(path);
    if (text === undefined) continue;
    assertOwn(path);
    return { path, teammates: parseRegistry(text, { source: path, code: 'TEAM_FILE_INVALID' }).teammates };
  }
  throw new MeshError('TEAM_FILE_MISSING', `There is no registry of the team: ${paths.join(', ')}`, {
    hint: `Write your teammates into ${paths[0] ?? 'registry.json'}: {"agents": [{"name": "Bob", "emailPrefix": "bob", "ip": "10.0.0.11"}]}, or fetch it: mesh team sync --help`,
  });
}

/** It says where tokens go. */
function assertOwn(path: string): void {
  if (process.platform === 'win32' || (statSync(path).mode & 0o002) === 0) return;
  throw new MeshError('TEAM_FILE_INVALID', `Everybody can write ${path}, and so choose where tokens are sent`, {
    hint: `Run: chmod o-w ${path}`,
  });
}

function parseJson(text: string, options: ParseOptions): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('it is not JSON', options);
  }
}

/** Tokens are no part of a registry: it travels between machines, and others may read it. */
function assertNoTokens({ agents, ...rest }: z.output<typeof registrySchema>, options: ParseOptions): void {
  const secret = /token|secret|password/i;
  const atTop = Object.keys(rest).find((key) => secret.test(key));
  const at = agents.findIndex((entry) => Object.keys(entry).some((key) => secret.test(key)));
  if (atTop === undefined && at === -1) return;
  const where = atTop === undefined ? `entry ${at + 1} (${quoted(agents[at]?.name ?? '')})` : `the field ${atTop}`;
  throw new MeshError(options.code, `${options.source}: ${where} holds a token or password`, {
    hint: 'Take it out: tokens belong into tokens.json on each machine, and whoever could read this may have it now. Replace the token.',
  });
}

type Issue = z.core.$ZodIssue | undefined;

function describe(issue: Issue, value: unknown): string {
  if (issue === undefined) return 'it has not the form of a registry';
  const [list, index, ...path] = issue.path;
  if (list !== 'agents' || (index === undefined && issue.code === 'invalid_type')) return 'it has no list "agents"';
  if (typeof index !== 'number') return `agents must be a list of 1 to ${maxTeammates} entries`;
  const name = nameAt(value, index);
  const field = path.length === 0 ? '' : `, ${path.join('.')}`;
  return `entry ${index + 1}${name === undefined ? '' : ` (${quoted(name)})`}${field}: ${messageOf(issue)}`;
}

/** Of a union that has no words of its own: what the last of its forms says, because the first is the empty text. */
function messageOf(issue: z.core.$ZodIssue): string {
  const inner =
    issue.code === 'invalid_union' && issue.message === 'Invalid input' ? issue.errors.at(-1)?.[0] : undefined;
  return inner === undefined ? issue.message : messageOf(inner);
}

function nameAt(value: unknown, index: number): string | undefined {
  const loose = z.looseObject({ agents: z.array(z.unknown()) }).safeParse(value);
  const entry = z.looseObject({ name: z.string() }).safeParse(loose.data?.agents[index]);
  return entry.data?.name.slice(0, 100);
}

const invalid = (problem: string, { source, code }: ParseOptions): MeshError =>
  new MeshError(code, `${source}: ${problem}`);

const quoted = (text: string): string => JSON.stringify(text);

function withoutUndefined(value: z.output<typeof registrySchema>): Readonly<Record<string, unknown>> {
  return z.record(z.string(), z.unknown()).parse(JSON.parse(JSON.stringify(value)));
}
