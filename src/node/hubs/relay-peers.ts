import { relaysIn } from '#protocol';
import type { AgentHost } from '../agent-host.ts';
import type { RelayPeer } from './stand-in.ts';

/** Peers whose cards say that their nodes keep mailboxes for those whom they trust. */
export function relayPeersOf(host: AgentHost): readonly RelayPeer[] {
  const { agent, desk } = host;
  return desk.ports.store.read.contacts
    .list({ agent: agent.name, states: ['trusted'] })
    .map(({ agentId, petname, card }) => ({
      peer: agentId,
      name: petname,
      addresses: relaysIn(card?.capabilities ?? []),
    }))
    .filter(({ addresses }) => addresses.length > 0);
}
