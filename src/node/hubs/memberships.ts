import { MeshError } from '#kernel';
import { type HubAddress, parseHubAddress } from '#protocol';
import type { ReadValues, WriteValues } from '../life.ts';

/** A hub that keeps the mailbox of an agent. */
export interface Membership {
  readonly address: HubAddress;
  /** What the hub calls itself; only its owner's word. */
  readonly name: string;
  /** ms since 1970. */
  readonly joinedAt: number;
}

const keyOf = (agent: string): string => `hubs/${agent}`;

/** In the order in which the agent wants them to be used. Throws STORE_CORRUPT. */
export function readMemberships(values: ReadValues, agent: string): readonly Membership[] {
  const text = values.get(keyOf(agent));
  if (text === undefined) return [];
  try {
    return (JSON.parse(text) as readonly Membership[]).map(({ address, name, joinedAt }) => {
      const known = parseHubAddress(`${address.base}/${address.hub}`);
      if (known === undefined) throw new TypeError('not the address of a hub');
      return { address: known, name: String(name), joinedAt: Number(joinedAt) };
    });
  } catch (cause) {
    throw new MeshError('STORE_CORRUPT', `The hubs of ${agent} as they are stored cannot be decoded`, { cause });
  }
}

export function writeMemberships(values: WriteValues, agent: string, memberships: readonly Membership[]): void {
  values.set(keyOf(agent), JSON.stringify(memberships));
}
