import { MeshError } from '#kernel';
import type { Call } from './call.ts';

/** Throws NOT_PERMITTED for a program that handles a message: what its peers write must not decide what it is given. */
export function checkPerson({ ports }: Call): void {
  const { MESH_MESSAGE_ID: handled = '' } = ports.environment;
  if (handled === '') return;
  throw new MeshError('NOT_PERMITTED', 'A program that handles a message cannot decide about a review', {
    hint: 'The owner decides at a terminal: mesh review',
  });
}

const leastDigest = 12;

/** In lower case, without the blanks that it is printed with. */
export function digestIn({ args }: Call): string | undefined {
  const digest = args.text('digest')?.replaceAll(/\s/g, '').toLowerCase();
  if (digest === undefined || (/^[0-9a-f]+$/.test(digest) && digest.length >= leastDigest && digest.length <= 64))
    return digest;
  throw new MeshError(
    'INVALID_ARGUMENT',
    `--digest ${JSON.stringify(digest.slice(0, 80))} is not a digest of a review`,
    {
      hint: `Copy at least ${leastDigest} of its characters from: mesh review show ID`,
    },
  );
}
