import { MeshError } from '#kernel';
import type { AgentHost } from '../agent-host.ts';
import type { HubLineStatus } from './hub-line.ts';
import type { Membership } from './memberships.ts';

export interface KnownHub {
  readonly membership: Membership;
  readonly status: HubLineStatus;
}

/** The hub of this agent with that name, URL, host or id. Throws NO_HUB, NOT_FOUND, AMBIGUOUS. */
export function hubNamed(host: AgentHost, text: string): KnownHub {
  const hubs = host.hubs.memberships;
  if (hubs.length === 0) throw new MeshError('NO_HUB');
  const wanted = text.replace(/\/+$/, '');
  const matches = hubs.filter(({ membership: { address, name, relayOf } }) => {
    const { host: place, hostname } = new URL(address.base);
    const contact = relayOf && host.contact(relayOf)?.petname;
    return [contact ?? name, address.base, address.hub, place, hostname].includes(wanted);
  });
  const [hub, second] = matches;
  const names = hubs.map(({ membership: { name, address } }) => `${name} (${address.base})`);
  if (hub === undefined) {
    throw new MeshError('NOT_FOUND', `${host.agent.name} uses no hub ${text}`, {
      hint: `It uses: ${names.join(', ')}. Join another one: mesh hub-join URL`,
    });
  }
  if (second === undefined) return hub;
  const data = { matches: matches.map(({ membership: { name, address } }) => `${name} ${address.base}`) };
  throw new MeshError('AMBIGUOUS', `Several hubs are called ${text}`, { hint: 'Say its URL instead.', data });
}
