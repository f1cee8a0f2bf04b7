import type { ConnectedAgent } from '#node';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { type Column, table } from '../table.ts';
import { visible } from '../terminal-text.ts';

const columns: readonly Column<ConnectedAgent>[] = [
  { title: 'AGENT', cell: ({ agent }) => visible(agent) },
  { title: 'ANSWERED BY', cell: ({ gatewayAgent }) => visible(gatewayAgent) },
  { title: 'OVER', cell: ({ transport }) => transport },
  { title: 'SET UP IN', cell: ({ config }) => visible(config) },
];

/** The agents of this node that a setup connected with a gateway. */
export async function openclawList({ settings, ports }: Call): Promise<Outcome> {
  const { openclawSetups } = await ports.nodeDoor();
  const agents = await openclawSetups({ stateDir: settings.stateDir });
  return {
    data: { agents },
    lines: (paint) =>
      agents.length === 0
        ? ['No agent is connected with an OpenClaw gateway by setup.']
        : table(columns, agents, paint),
    next: [
      agents.length === 0
        ? 'Connect the gateway of this machine: mesh openclaw setup'
        : 'Undo it: mesh openclaw remove',
    ],
  };
}
