import type { AgentFacts } from '../node-door.ts';
import type { Paint } from '../paint.ts';
import { fields, table } from '../table.ts';
import { shortAgentId } from '../short-id.ts';
import { visible } from '../terminal-text.ts';
import { when } from '../times.ts';
import type { AgentView } from './types.ts';
import { shown } from './words.ts';

/** Who an agent is, one fact a line. */
export function agentLines(agent: AgentFacts & Partial<AgentView>, paint: Paint): readonly string[] {
  return fields(
    [
      ['name', paint.colour('bold', visible(agent.name))],
      ['display name', shown(agent.displayName)],
      ['id', agent.agentId],
      ['fingerprint', agent.fingerprint],
      ['addresses', agent.endpoints.length === 0 ? undefined : agent.endpoints.map(visible).join('\n')],
      ['runtime', agent.runtime],
      ['unread', agent.unread === undefined || agent.unread === 0 ? undefined : String(agent.unread)],
      [
        'card',
        agent.cardSeq === undefined
          ? undefined
          : `number ${agent.cardSeq}, expires ${whenOf(agent.cardExpiresAt, paint)}`,
      ],
      [
        'device key',
        agent.deviceExpiresAt === undefined ? undefined : `expires ${whenOf(agent.deviceExpiresAt, paint)}`,
      ],
    ],
    paint,
  );
}

const whenOf = (at: number | undefined, paint: Paint): string => (at === undefined ? '' : when(at, paint));

export function agentTable(agents: readonly AgentView[], paint: Paint): readonly string[] {
  return table(
    [
      { title: 'AGENT', cell: ({ name, isDefault }) => (isDefault ? `${name} *` : name), shrinkTo: 12 },
      { title: 'ID', cell: ({ agentId }) => shortAgentId(agentId), paint: (text) => paint.colour('dim', text) },
      { title: 'RUNTIME', cell: ({ runtime }) => runtime },
      { title: 'UNREAD', cell: ({ unread }) => (unread === 0 ? '' : String(unread)), align: 'end' },
      { title: 'DISPLAY NAME', cell: ({ displayName }) => visible(displayName ?? ''), shrinkTo: 8 },
    ],
    agents,
    paint,
  );
}
