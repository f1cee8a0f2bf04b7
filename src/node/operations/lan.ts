import type { Operations } from '#api';
import { fetchDiscovery, scanLan } from '#discovery';
import { hostNamed, type NodeParts } from '../parts.ts';
import { foundAgent, isOwn } from './agents.ts';

/** Who else is on the local network. */
export function lanOperations(parts: NodeParts): Pick<Operations, 'scanLan'> {
  return {
    async *scanLan(input, { signal }) {
      const host = hostNamed(parts, input.agent);
      const { limits, clock } = parts;
      const events = scanLan({
        ear: parts.lan.ear,
        clock,
        limits,
        timeoutMs: input.timeoutMs ?? limits.lanListenMs,
        fetchDocument: (url, options) => fetchDiscovery(url, { clock, ...options }),
        isOwn: (agentId) => isOwn(parts, agentId),
        signal,
      });
      for await (const event of events) {
        if (event.type !== 'found') yield event;
        else {
          const { url, agents } = event.document;
          yield { type: 'found' as const, url, agents: agents.map((card) => foundAgent(parts, host, card)) };
        }
      }
    },
  };
}
