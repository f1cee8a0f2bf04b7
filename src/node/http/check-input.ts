import { MeshError } from '#kernel';
import type { Input, loadSchemas, OperationName } from '#api';

type Schemas = Awaited<ReturnType<typeof loadSchemas>>;

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

const shownIssues = 5;

/**
 * The input as the operation takes it. Throws INVALID_ARGUMENT that names each field and what is wrong with it, never
 * its value.
 */
export function checkInput<N extends OperationName>(schemas: Schemas, name: N, raw: unknown): Input<N> {
  const result = schemas[name].input.safeParse(raw);
  // The schema of `name` is what `Input<N>` is made of.
  if (result.success) return result.data as Input<N>;
  const issues = result.error.issues.flatMap((issue) => problemsOf(issue, raw));
  const said = issues.slice(0, shownIssues).map(({ field, problem }) => `${field} ${problem}`.trim());
  throw new MeshError('INVALID_ARGUMENT', said.join('; '), {
    hint: `GET /api/openapi.json says what the operation ${name} takes; of a command, --help.`,
    data: { issues },
  });
}

interface Problem {
  readonly field: string;
  readonly problem: string;
}

function problemsOf(issue: Issue, raw: unknown): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys ?? [];
    return keys.map((key) => ({ field: nameOf([...issue.path, key.slice(0, 60)]), problem: 'is not known' }));
  }
  const field = nameOf(issue.path);
  if (valueAt(raw, issue.path) === undefined) return [{ field, problem: 'is missing' }];
  return [{ field, problem: problemOf(issue.message) }];
}

/**
 * "Too big: expected number to be <=5" as "must be <=5", "Invalid input: expected string, received null" as "must be
 * string, …".
 */
function problemOf(message: string): string {
  const expected = /^[^:]+: expected (.*)$/s.exec(message)?.[1];
  if (expected === undefined) return message;
  const bound = /^\w+ to (be|have) (.*)$/s.exec(expected);
  return bound === null ? `must be ${expected}` : `must ${bound[1] ?? 'be'} ${bound[2] ?? ''}`;
}

/** `attachments[0].name`. */
function nameOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`;
    return name === '' ? String(part) : `${name}.${String(part)}`;
  }, '');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined,
    value,
  );
}
