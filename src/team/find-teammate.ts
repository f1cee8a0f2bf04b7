import { MeshError } from '#kernel';
import type { Registry } from './registry.ts';
import { labelOf, namesOf, type Teammate } from './teammate.ts';

const listed = 20;

/**
 * The one teammate whose name, nickname or email prefix is exactly that; upper and lower case are the same. `bob@example.com` means the
 * email prefix alone. Throws NOT_FOUND, which lists whom there is, and AMBIGUOUS, which lists whom it could mean.
 */
export function findTeammate(text: string, { teammates, path }: Registry): Teammate {
  const wanted = folded(text);
  const prefix = /^([^@]+)@/.exec(wanted)?.[1];
  const found = teammates.filter((teammate) =>
    prefix === undefined
      ? namesOf(teammate).some((name) => folded(name) === wanted)
      : folded(teammate.emailPrefix) === prefix,
  );
  const [only, ...others] = found;
  if (only === undefined) throw unknown(text, { teammates, path });
  if (others.length === 0) return only;
  throw new MeshError('AMBIGUOUS', `${JSON.stringify(text)} is the name of ${found.length} teammates`, {
    hint: `Name one by its email prefix with an @, such as ${only.emailPrefix}@`,
    data: { matches: found.map((teammate) => `${teammate.emailPrefix}@  ${teammate.name}`) },
  });
}

function unknown(text: string, { teammates, path }: Registry): MeshError {
  // Nobody is guessed, but those who may have been meant are named first.
  const part = folded(text);
  const similar = (teammate: Teammate): number =>
    namesOf(teammate).some((name) => folded(name).includes(part)) ? 0 : 1;
  const sorted = teammates.toSorted((one, other) => similar(one) - similar(other)).map(labelOf);
  const rest = sorted.length > listed ? ` and ${sorted.length - listed} more: mesh team list` : '';
  return new MeshError('NOT_FOUND', `Nobody in ${path} is named ${JSON.stringify(text)}`, {
    hint: `Write a whole name, nickname or email prefix: ${sorted.slice(0, listed).join(', ')}${rest}`,
    data: { candidates: sorted.slice(0, listed) },
  });
}

const folded = (text: string): string => text.trim().normalize('NFKC').toLowerCase();
