import type { Clock, Limits, Random } from '#kernel';
import { agentIdOf, createSecrets, decodeKeystore, encodeKeystore } from '#identity';
import type { LinkSelf } from '#link';

export interface NewHubKey {
  readonly random: Random;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** The text of a key file (spec 1.9) for a new hub. Secret. */
export async function newHubKey({ random, clock, limits }: NewHubKey): Promise<string> {
  return await encodeKeystore(createSecrets({ random, now: clock.now(), limits }), { random });
}

/** Who the hub is. Throws KEY_FILE_UNREADABLE. */
export async function readHubKey(text: string): Promise<LinkSelf> {
  const { root, rotations } = await decodeKeystore(text);
  return { agentId: agentIdOf(root.publicKey), root, rotations };
}
