import type { AgentId } from '#identity';
import { type MeshStore, sourcesIn } from '#pipeline';
import type { Message } from '#protocol';
import type { Contact } from '#trust';
import { defined } from './operations/defined.ts';

/** An agent of this node, and whom it knows. */
interface Knowing {
  readonly agent: { readonly name: string; readonly agentId: AgentId };
  contact(agentId: AgentId): Contact | undefined;
}

/** Whose text a message may hold, as the node of its sender says; undefined when it says nothing. */
export function sourcesView(host: Knowing, message: Pick<Message, 'provenance'>) {
  const sources = sourcesIn(message);
  if (sources.length === 0) return undefined;
  return sources.map(({ agent, message: id }) => ({
    agent,
    message: id,
    ...defined({ name: agent === host.agent.agentId ? host.agent.name : host.contact(agent)?.petname }),
  }));
}

/** What the guard saw in a message; undefined when it saw nothing. */
export function guardView(store: MeshStore, direction: 'in' | 'out', seq: number) {
  const row = store.read.guards.row({ direction, seq });
  return row === undefined ? undefined : [...row.findings];
}
