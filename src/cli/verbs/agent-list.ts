import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { agentTable } from '../views/agent-lines.ts';

/** The agents of this node; the default one has a star. */
export async function agentList({ client, signal }: Call): Promise<Outcome> {
  const { agents } = await client.agents({}, { signal });
  return {
    data: { agents },
    lines: (paint) => agentTable(agents, paint),
    next: agents.length > 1 ? ['Speak as another than the one with a star: add --agent NAME to any verb'] : [],
  };
}
