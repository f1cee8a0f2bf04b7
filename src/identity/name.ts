import { MeshError } from '#kernel';

const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** True for 1 to 63 characters of `a-z 0-9 . _ -` that begin with a letter or digit (spec 1.2). */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && namePattern.test(value);
}

/** The name itself. Throws INVALID_ARGUMENT when it is not one. */
export function parseName(value: unknown): string {
  if (isName(value)) return value;
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : typeof value;
  throw new MeshError('INVALID_ARGUMENT', `Not a name: ${shown}`, {
    hint: 'A name has 1 to 63 characters of a-z 0-9 . _ - and begins with a letter or digit.',
  });
}
