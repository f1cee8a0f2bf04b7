import type { AgentHost } from '../agent-host.ts';
import { relayPeersOf } from './relay-peers.ts';
import { HubDesk, type HubDeskOptions } from './hub-desk.ts';

/** The hubs of a hosted agent: what comes out of its mailboxes goes to its mail desk, and its card says where they are. */
export function hubDeskOf(host: AgentHost, ports: Pick<HubDeskOptions, 'dial' | 'onChange'>): HubDesk {
  return new HubDesk({
    dial: ports.dial,
    relayPeers: () => relayPeersOf(host),
    onChange: (membership, status) => {
      ports.onChange(membership, status);
      // Peers that could not be reached before may be now.
      if (status.state !== 'up') return;
      for (const lane of host.lanes) {
        if (!lane.courier.isUp) lane.courier.retryNow();
        host.files.wake(lane);
      }
    },
    desk: host.desk,
    card: () => host.cardBytes(),
    take: (frame) => host.mail.take(frame),
    onMailboxes: async (mailboxes) => {
      const before = host.agent.card();
      if ((await host.agent.publish({ mailboxes: [...mailboxes] })) === before) return;
      // Peers read the card when a link begins.
      for (const lane of host.lanes) {
        lane.courier.hangUp();
        lane.courier.connect();
      }
    },
  });
}
