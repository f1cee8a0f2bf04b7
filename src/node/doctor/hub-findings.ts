import type { KnownHub } from '../hubs/find-hub.ts';
import type { Finding } from './finding.ts';

/** Hubs that an agent counts on and is not connected to. */
export function hubFindings(agent: string, hubs: readonly KnownHub[]): readonly Finding[] {
  return hubs.flatMap(({ membership, status }) => {
    const { lastError } = status;
    if (status.state === 'up' || lastError === undefined) return [];
    const { name, address, relayOf } = membership;
    const what = relayOf === undefined ? `its hub ${name}` : `the relay of ${name}`;
    return [
      {
        check: 'hub',
        severity: 'warning',
        message: `${agent} has no connection to ${what} at ${address.base}: ${lastError.code}`,
        meaning: 'What others leave there is not fetched. It is tried again by itself.',
        fix: fixes[lastError.code] ?? 'Ask the owner of the hub whether it runs. How it stands: mesh hubs',
      },
    ];
  });
}

const fixes: Readonly<Record<string, string>> = {
  LINK_REPLACED:
    'Another node speaks for this agent: stop it there with mesh down, or make another agent here with mesh init',
  NOT_ADMITTED: 'Ask the owner of the hub for an invite, then: mesh hub-join INVITE',
  HANDSHAKE_FAILED: 'Another key answers at that address: ask the owner of the hub, then mesh hub-join URL anew',
};
