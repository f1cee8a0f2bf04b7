import type { AgentId } from '#identity';
import { failed } from '#discovery';
import { formatHubAddress, type HubAddress, parseHubAddress } from '#protocol';
import type { Contact } from '#trust';
import type { RouteHealth } from './route-health.ts';

/** Addresses of its node, from the pinned card first, then those it was met at. */
export function routesOf(contact: Contact): readonly string[] {
  const met = contact.routes.filter((route) => parseHubAddress(route) === undefined);
  return [...new Set([...(contact.card?.endpoints ?? []), ...met])];
}

/** Who keeps frames for it, in the order that it wants, then where it was found. */
export function mailboxesOf(contact: Contact): readonly HubAddress[] {
  const urls = new Set([...(contact.card?.mailboxes ?? []), ...contact.routes]);
  return [...urls].map(parseHubAddress).filter((address) => address !== undefined);
}

/** The mailbox there counts as one that failed at that time. False when there is no other one of the contact. */
export function passOverMailbox(
  health: RouteHealth,
  contact: Contact,
  { keeper, at }: { readonly keeper: AgentId | undefined; readonly at: number },
): boolean {
  const all = mailboxesOf(contact);
  const used = all.find(({ hub }) => hub === keeper);
  if (used === undefined || all.every(({ hub }) => hub === keeper)) return false;
  const known = health.of(contact.agentId);
  known.value = failed(known.value, formatHubAddress(used), { at, code: 'TIMEOUT' });
  return true;
}
