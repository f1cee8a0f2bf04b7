import { MeshError } from '#kernel';
import { isName, parseName } from '#identity';

const maxNameCharacters = 63;

/**
 * The suggested name, or `name-2`, `name-3` … when it is taken. What is not a name becomes one as far as it goes
 * (`Bob's PC` → `bob-s-pc`); `contact` when nothing is left.
 */
export function choosePetname(suggested: string, isTaken: (name: string) => boolean): string {
  const base = toName(suggested);
  if (!isTaken(base)) return base;
  for (let number = 2; number <= 1_000_000; number += 1) {
    const suffix = `-${number}`;
    const name = base.slice(0, maxNameCharacters - suffix.length) + suffix;
    if (!isTaken(name)) return parseName(name);
  }
  throw new MeshError('NAME_TAKEN', `Too many contacts are called ${base}`);
}

function toName(text: string): string {
  const similar = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, maxNameCharacters)
    .replace(/[^a-z0-9]+$/, '');
  return [text, similar].find(isName) ?? 'contact';
}
