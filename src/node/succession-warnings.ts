import type { AgentHost } from './agent-host.ts';

export interface SuccessionWarning {
  readonly code: 'SUPERSEDED';
  readonly message: string;
  readonly hint: string;
}

/** A later life of the agent runs elsewhere. */
export function successionWarnings({ agent, desk }: AgentHost): readonly SuccessionWarning[] {
  const { name, successor } = agent;
  if (successor === undefined) return [];
  const depths = desk.ports.store.read.outbox.depths(name);
  const left = depths.reduce((total, { waiting, inFlight }) => total + waiting + inFlight, 0);
  const what = `${name} was restored on another machine, from a backup of ${isoTime(successor.asOf)}`;
  const kept = left === 0 ? '' : `; ${left} of its messages wait here and are not sent`;
  return [
    {
      code: 'SUPERSEDED',
      message: `${what}. This machine has fallen silent: it sends and handles nothing more for it${kept}`,
      hint: 'If that is as it should be, stop it: mesh down. If this machine is the one to go on: mesh down, then mesh up --detach --take-over',
    },
  ];
}

/** A peer may name a time that no calendar knows. */
export const isoTime = (at: number): string =>
  at <= 8.64e15 ? new Date(at).toISOString().replace(/\.\d+Z$/, 'Z') : `${at} ms`;
