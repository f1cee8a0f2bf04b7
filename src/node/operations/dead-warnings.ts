import type { DeadLetterCount } from '#delivery';
import type { ErrorCode } from '#kernel';
import type { AgentHost } from '../agent-host.ts';
import type { Warning } from './peer-warnings.ts';
import { peerOf } from './peer-of.ts';

/** What was sent and never arrived: nobody should have to look for it. */
export function deadWarnings(host: AgentHost, counts: readonly DeadLetterCount[]): readonly Warning[] {
  return counts.map(({ peer, reason, count }) => {
    const { peer: petname } = peerOf(host, peer);
    const what = `${count} message${count === 1 ? '' : 's'} to ${petname}`;
    const text =
      reason === 'UNREACHABLE' ? `${what} cannot be delivered: ${petname} is away` : `${what} ended as ${reason}`;
    const hint =
      reason === 'UNREACHABLE'
        ? `They go by themselves when ${petname} is heard from in time. See them with: mesh dead --peer ${petname}`
        : `See them, send them again or forget them: mesh dead --peer ${petname}`;
    return { code: reason, message: text, hint };
  });
}

/** What came in and was not handled. */
export function buriedWarnings({ agent, desk }: AgentHost): readonly Warning[] {
  const reasons = new Map<ErrorCode, number>();
  for (const { reason, count } of desk.ports.store.read.inbox.deadCounts(agent.name)) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  return [...reasons].map(([code, count]) => {
    const what = `${count} message${count === 1 ? '' : 's'}`;
    const message =
      code === 'EXPIRED'
        ? `${what} expired before the program of ${agent.name} took ${count === 1 ? 'it' : 'them'}`
        : `The program of ${agent.name} gave up on ${what}`;
    return { code, message, hint: 'See them, and offer them to the program again, with: mesh dead' };
  });
}
