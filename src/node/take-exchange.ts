import { codeOf } from '#kernel';
import type { FrameOutcome } from '#delivery';
import type { Link } from '#link';
import { type Desk, receiveAccept, receiveRequest, refused } from '#pipeline';
import type { Frame } from '#protocol';

/** A contact request or an acceptance came: taken, or refused with the code that the other side is told. */
export async function takeExchange(desk: Desk, frame: Frame, link: Link): Promise<FrameOutcome> {
  try {
    if (frame.kind === 'request') await receiveRequest(desk, frame);
    else await receiveAccept(desk, frame);
    return { kind: 'delivered' };
  } catch (error) {
    const [agent, peer, code] = [desk.agent.name, link.remote.agentId, codeOf(error)];
    desk.ports.logger.info('exchange.refused', { agent, peer, kind: frame.kind, code });
    return refused(code);
  }
}
