import type { Capability } from '#identity';
import { formatHubAddress, type HubAddress, parseHubAddress } from './hub-address.ts';

/** In the card of an agent whose node keeps mailboxes for those whom it trusts (spec §13.8). */
export const relayCapabilityId = 'agent-mesh.relay';

/** Where the relay is reached: one address for each endpoint of its node. */
export function relayCapability(addresses: readonly HubAddress[]): Capability {
  const tags = addresses.map(formatHubAddress).filter((tag) => tag.length <= maxTagBytes);
  return { id: relayCapabilityId, description: 'Keeps messages for friends', tags };
}

/** The relays that somebody with these capabilities offers, in the order of its endpoints. What is no address is left out. */
export function relaysIn(capabilities: readonly Capability[]): readonly HubAddress[] {
  const offered = capabilities.find(({ id }) => id === relayCapabilityId);
  return (offered?.tags ?? []).map(parseHubAddress).filter((address) => address !== undefined);
}

/** A tag is a line (spec 1.6). */
const maxTagBytes = 500;
