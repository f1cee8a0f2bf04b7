import type { Operations } from '#api';
import { MeshError } from '#kernel';
import { hostNamed, type NodeParts } from '../parts.ts';
import { defined } from './defined.ts';
import type { Warning } from './peer-warnings.ts';

/** The emergency stop for all programs, or for that of one agent. */
export function pauseOperations(parts: NodeParts): Pick<Operations, 'pause' | 'resume'> {
  return {
    async pause({ agent, reason }) {
      const { name } = hostNamed(parts, agent).agent;
      const which = defined({ agent: agent && name, reason });
      const pause = await parts.pauses.begin({ ...which, at: parts.clock.now(), by: name });
      parts.tell({ type: 'paused', pause });
      return standing(parts);
    },

    async resume({ agent }) {
      const { name } = hostNamed(parts, agent).agent;
      if (agent !== undefined) checkOwn(parts, name);
      const ended = await parts.pauses.end({ ...defined({ agent: agent && name }), at: parts.clock.now(), by: name });
      for (const pause of ended) parts.tell({ type: 'resumed', pause });
      for (const { runner } of parts.hosts.values()) runner.wake();
      return { ...standing(parts), ended: [...ended] };
    },
  };
}

/** One agent cannot go on while all stand still. */
function checkOwn({ pauses }: NodeParts, name: string): void {
  const pause = pauses.of(name);
  if (pause === undefined || pause.agent !== undefined) return;
  throw new MeshError('WRONG_STATE', `Not only ${name} is paused: all agents of this node are`, {
    hint: 'Let all of them go on: mesh resume',
  });
}

function standing({ pauses, hosts, store }: NodeParts) {
  const waiting = [...hosts.keys()].reduce((sum, name) => sum + store.read.inbox.counts(name).waiting, 0);
  return { pauses: [...pauses.all], waiting };
}

export const pauseWarnings = ({ pauses }: Pick<NodeParts, 'pauses'>): readonly Warning[] =>
  pauses.all.map(({ agent, at, reason }) => ({
    code: 'PAUSED',
    message: `${agent === undefined ? 'All programs are' : `The program of ${agent} is`} paused since ${new Date(at).toISOString()}${reason === undefined ? '' : `: ${reason}`}`,
    hint: `Messages arrive and wait. To go on: mesh resume${agent === undefined ? '' : ` --agent ${agent}`}`,
  }));
