import { MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { AgentHost } from '../agent-host.ts';
import type { NodeEvent } from '../node-event.ts';

/** What a program should hear of an event that nobody waits for; undefined when all is well. */
export function troubleOf(host: AgentHost, event: NodeEvent): MeshError | undefined {
  const nameOf = (peer: AgentId): string => host.contact(peer)?.petname ?? peer;
  switch (event.type) {
    case 'frame-refused': {
      const { peer, frame, reason } = event;
      return new MeshError(reason, `${refusals[reason] ?? 'A frame could not be opened'}, from ${nameOf(peer)}`, {
        data: { peer: nameOf(peer), frame },
      });
    }
    case 'state': {
      const { step, ids, peer, reason = codes[step] } = event;
      if (reason === undefined || codes[step] === undefined) return undefined;
      const what = ids.length === 1 ? `The message ${ids[0]}` : `${ids.length} messages`;
      return new MeshError(reason, `${what} to ${nameOf(peer)} did not arrive: ${step}`, {
        data: { peer: nameOf(peer), ids },
      });
    }
    case 'buried': {
      const { ids, peer, reason } = event;
      return new MeshError(reason, `The handlers gave up on what ${nameOf(peer)} sent: ${ids.join(', ')}`, {
        hint: 'Mend them, then offer it again: agent.operations.replayDead',
        data: { peer: nameOf(peer), ids },
      });
    }
    default:
      return undefined;
  }
}

const refusals: { readonly [code: string]: string } = {
  SESSION_REPLAY: 'Replay attack detected: a frame came that was opened before',
  SESSION_BROKEN: 'Authentication tag mismatch: a frame was changed on the way, or is of a session that is gone',
};

/** Steps by which a message ends without having arrived, and their code where no reason is told. */
const codes: { readonly [step: string]: 'NOT_PERMITTED' | 'EXPIRED' | 'UNREACHABLE' } = {
  refused: 'NOT_PERMITTED',
  expired: 'EXPIRED',
  dead: 'UNREACHABLE',
};
