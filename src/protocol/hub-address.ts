import { MeshError } from '#kernel';
import { type AgentId, isAgentId, isEndpoint } from '#identity';

/** Where a hub is and which key it has: the form of a mailbox in a card (spec §12.1). */
export interface HubAddress {
  /** As it is dialled, such as `https://hub.example:7700`; without a slash at its end. */
  readonly base: string;
  readonly hub: AgentId;
}

/** `BASE/did:key:…`. Throws INVALID_ARGUMENT. */
export function formatHubAddress({ base, hub }: HubAddress): string {
  const url = `${base.replace(/\/+$/, '')}/${hub}`;
  if (isEndpoint(url) && isEndpoint(base)) return url;
  throw new MeshError('INVALID_ARGUMENT', `Not the address of a hub: ${JSON.stringify(base.slice(0, 200))}`, {
    hint: 'An address looks like http://host:7700 or https://host',
  });
}

/** Undefined for any other URL: a mailbox of a kind that is not known here. */
export function parseHubAddress(url: string): HubAddress | undefined {
  const end = url.lastIndexOf('/');
  const base = url.slice(0, Math.max(0, end)).replace(/\/+$/, '');
  const hub = url.slice(end + 1);
  return isAgentId(hub) && isEndpoint(base) ? { base, hub } : undefined;
}
