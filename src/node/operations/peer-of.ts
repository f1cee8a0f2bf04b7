import type { AgentId } from '#identity';
import type { AgentHost } from '../agent-host.ts';

export function peerOf(host: AgentHost, peer: AgentId): { readonly peer: string; readonly peerId: AgentId } {
  return { peer: host.contact(peer)?.petname ?? peer, peerId: peer };
}
