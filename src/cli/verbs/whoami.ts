import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { agentLines } from '../views/agent-lines.ts';

/** The agent that speaks here: the one named with --agent, else the first. */
export async function whoami({ client, settings, signal }: Call): Promise<Outcome> {
  const { agents } = await client.agents({}, { signal });
  const agent =
    agents.find(({ name, isDefault }) => (settings.agent === undefined ? isDefault : name === settings.agent)) ??
    agents[0];
  if (agent === undefined) throw new MeshError('NOT_INITIALIZED');
  if (settings.agent !== undefined && agent.name !== settings.agent) {
    throw new MeshError('NOT_FOUND', `No agent is named ${JSON.stringify(settings.agent)}`, {
      hint: 'List them with: mesh agent list',
    });
  }
  return {
    data: agent,
    lines: (paint) => agentLines(agent, paint),
    next: ['Connect with another agent: mesh invite'],
  };
}
