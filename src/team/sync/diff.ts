import type { Teammate } from '../teammate.ts';

export interface FieldChange {
  readonly field: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface Change {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly name: string;
  readonly emailPrefix: string;
  /** What differs, or all there is. */
  readonly fields: readonly FieldChange[];
}

export interface RegistryDiff {
  readonly changes: readonly Change[];
  readonly unchanged: number;
}

/** What a new registry would change: who is new, who is gone, what differs. In the order of the registries, who is gone last. */
export function diffOf(before: readonly Teammate[], after: readonly Teammate[]): RegistryDiff {
  const known = new Map(before.map((teammate) => [keyOf(teammate), teammate]));
  const kept = new Set(after.map(keyOf));
  const changes = after.flatMap((teammate): readonly Change[] => {
    const old = known.get(keyOf(teammate));
    const fields = fieldsOf(old, teammate);
    if (fields.length === 0) return [];
    return [{ kind: old === undefined ? 'added' : 'changed', ...namesIn(teammate), fields }];
  });
  const gone = before.filter((teammate) => !kept.has(keyOf(teammate)));
  const removed = gone.map((teammate): Change => ({
    kind: 'removed',
    ...namesIn(teammate),
    fields: fieldsOf(teammate, undefined),
  }));
  return { changes: [...changes, ...removed], unchanged: after.length - changes.length };
}

/** Where somebody is reached: who changes it gets what is sent there, the token of the gateway too. */
const addressFields: ReadonlySet<string> = new Set(['ip', 'port', 'url', 'mesh']);

export const movesAddress = ({ kind, fields }: Change): boolean =>
  kind !== 'removed' && fields.some(({ field }) => addressFields.has(field));

function fieldsOf(before: Teammate | undefined, after: Teammate | undefined): readonly FieldChange[] {
  const [old, fresh] = [plain(before), plain(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(fresh)])]
    .filter((field) => JSON.stringify(old[field]) !== JSON.stringify(fresh[field]))
    .map((field) => ({
      field,
      ...(old[field] === undefined ? {} : { before: old[field] }),
      ...(fresh[field] === undefined ? {} : { after: fresh[field] }),
    }));
}

const plain = (teammate: Teammate | undefined): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(teammate ?? {}).filter(([, value]) => value !== undefined));

const keyOf = ({ emailPrefix }: Teammate): string => emailPrefix.toLowerCase();

const namesIn = ({ name, emailPrefix }: Teammate) => ({ name, emailPrefix });
