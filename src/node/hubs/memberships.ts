import { MeshError } from '#kernel';
import { type AgentId, isAgentId } from '#identity';
import { type HubAddress, parseHubAddress } from '#protocol';
import type { ReadValues, WriteValues } from '../life.ts';

/** A hub that keeps the mailbox of an agent. */
export interface Membership {
  readonly address: HubAddress;
  /** What the hub calls itself; only its owner's word. Of a relay, what the agent calls the peer. */
  readonly name: string;
  /** ms since 1970. */
  readonly joinedAt: number;
  /** The hub is the relay of this peer (spec §13.8). */
  readonly relayOf?: AgentId;
  /** It was not joined: it keeps the mailbox while no hub does. `leftAt` since when it is on its way out (ms since 1970). */
  readonly standsIn?: { readonly leftAt?: number };
}

const keyOf = (agent: string): string => `hubs/${agent}`;

/** In the order in which the agent wants them to be used. Throws STORE_CORRUPT. */
export function readMemberships(values: ReadValues, agent: string): readonly Membership[] {
  const text = values.get(keyOf(agent));
  if (text === undefined) return [];
  try {
    return (JSON.parse(text) as readonly Membership[]).map(readMembership);
  } catch (cause) {
    throw new MeshError('STORE_CORRUPT', `The hubs of ${agent} as they are stored cannot be decoded`, { cause });
  }
}

function readMembership({ address, name, joinedAt, relayOf, standsIn }: Membership): Membership {
  const known = parseHubAddress(`${address.base}/${address.hub}`);
  if (known === undefined) throw new TypeError('not the address of a hub');
  if (relayOf !== undefined && !isAgentId(relayOf)) throw new TypeError('not the id of an agent');
  return {
    address: known,
    name: String(name),
    joinedAt: Number(joinedAt),
    ...(relayOf === undefined ? {} : { relayOf }),
    ...(standsIn === undefined ? {} : { standsIn: readStandsIn(standsIn) }),
  };
}

const readStandsIn = ({ leftAt }: NonNullable<Membership['standsIn']>): NonNullable<Membership['standsIn']> =>
  leftAt === undefined ? {} : { leftAt: Number(leftAt) };

export function writeMemberships(values: WriteValues, agent: string, memberships: readonly Membership[]): void {
  values.set(keyOf(agent), JSON.stringify(memberships));
}
