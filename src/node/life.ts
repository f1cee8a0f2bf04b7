import { fromBase64url, MeshError, toBase64url } from '#kernel';
import {
  decodeIncarnation,
  encodeIncarnation,
  isLater,
  type Life,
  type LifeOrder,
  type VerifiedIncarnation,
  verifyIncarnation,
} from '#identity';

/** Small values of the store. */
export interface ReadValues {
  get(key: string): string | undefined;
}

export interface WriteValues extends ReadValues {
  set(key: string, value: string): void;
}

const lifeKey = 'life';
const successorKey = (agent: string): string => `successor/${agent}`;

/** The life of the agents of this folder; undefined for one that never came from a backup. Throws STORE_CORRUPT. */
export function readLife(values: ReadValues): Life | undefined {
  const text = values.get(lifeKey);
  if (text === undefined) return undefined;
  try {
    const { number, id, asOf } = JSON.parse(text) as { number: number; id: string; asOf: number };
    return { number, id: fromBase64url(id), asOf };
  } catch (cause) {
    throw new MeshError('STORE_CORRUPT', 'The life of this folder as it is stored cannot be decoded', { cause });
  }
}

export function writeLife(values: WriteValues, { number, id, asOf }: Life): void {
  values.set(lifeKey, JSON.stringify({ number, id: toBase64url(id), asOf }));
}

/** The later life of the agent that this folder has heard of. Throws STORE_CORRUPT. */
export function readSuccessor(values: ReadValues, agent: string): VerifiedIncarnation | undefined {
  const text = values.get(successorKey(agent));
  if (text === undefined) return undefined;
  try {
    return verifyIncarnation(decodeIncarnation(fromBase64url(text)));
  } catch (cause) {
    throw new MeshError('STORE_CORRUPT', `The later life of ${agent} as it is stored cannot be decoded`, { cause });
  }
}

export function writeSuccessor(values: WriteValues, agent: string, successor: VerifiedIncarnation): void {
  values.set(successorKey(agent), toBase64url(encodeIncarnation(successor)));
}

/** A life that takes the place of all that are known here; as a rule its number is the time. Throws SUPERSEDED when there is none. */
export function nextLife(
  known: readonly (LifeOrder | undefined)[],
  now: { readonly at: number; readonly id: Uint8Array; readonly asOf: number },
): Life {
  const latest = known.reduce((one, other) => (isLater(other, one) ? other : one), undefined);
  const number = Math.max(now.at, (latest?.number ?? 0) + 1);
  if (Number.isSafeInteger(number)) return { number, id: now.id, asOf: now.asOf };
  // No clock gets there: somebody who has the key wanted to be the last one for ever.
  throw new MeshError('SUPERSEDED', 'The last life that there can be has been claimed for this agent', {
    hint: 'Whoever did that has your key. Tell your contacts to remove the agent, and begin anew: mesh init --name NAME --force',
  });
}
