import { MeshError } from '#kernel';
import type { Client } from '#api';
import type { RequestView } from './views/types.ts';

export interface RequestQuery {
  readonly agent: string | undefined;
  /** Id of a request or the beginning of one, or name or id of who asks. */
  readonly text: string;
  readonly signal: AbortSignal;
}

/** The request that came in and is meant; undefined when none is. Throws AMBIGUOUS with the matches, never guesses. */
export async function findRequest(
  client: Client,
  { agent, text, signal }: RequestQuery,
): Promise<RequestView | undefined> {
  const { requests } = await client.requests({ agent }, { signal });
  const incoming = requests.filter(({ direction }) => direction === 'in');
  const exact = incoming.find((request) => [request.id, request.petname, request.agentId].includes(text));
  if (exact !== undefined) return exact;
  const found = incoming.filter((request) => startsWith(request, text));
  if (found.length <= 1) return found[0];
  throw new MeshError('AMBIGUOUS', `${JSON.stringify(text)} is the beginning of ${found.length} requests`, {
    data: { matches: found.map(({ id, petname }) => `${id} ${petname}`) },
  });
}

const leastCharacters = 8;

function startsWith({ id, agentId }: RequestView, text: string): boolean {
  const bare = text.replace(/^(req_|did:key:z6Mk)/, '');
  if (bare.length < leastCharacters) return false;
  return id.startsWith(text) || id.startsWith(`req_${text}`) || agentId.startsWith(text);
}
