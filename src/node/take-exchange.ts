import { codeOf } from '#kernel';
import { type FrameOutcome, isUndecided } from '#delivery';
import type { AgentId } from '#identity';
import { type Desk, receiveAccept, receiveRequest, refused } from '#pipeline';
import type { Frame } from '#protocol';

interface Way {
  readonly from: AgentId;
  readonly byMail?: boolean;
}

/** A contact request or an acceptance came: taken, or refused with the code that the other side is told. */
export async function takeExchange(desk: Desk, frame: Frame, way: Way): Promise<FrameOutcome> {
  try {
    if (frame.kind === 'request') await receiveRequest(desk, frame, way);
    else await receiveAccept(desk, frame, way);
    return { kind: 'delivered' };
  } catch (error) {
    const [agent, peer, code] = [desk.agent.name, way.from, codeOf(error)];
    desk.ports.logger.info('exchange.refused', { agent, peer, kind: frame.kind, code });
    if (way.byMail === true && isUndecided(code)) throw error;
    return refused(code);
  }
}
