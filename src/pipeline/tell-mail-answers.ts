import { signFrameAnswers } from '#protocol';
import type { Lane } from './lane.ts';
import { sendOutside } from './send-outside.ts';

/** Says what is owed, if there is a link; else one is asked for. */
export async function tellMailAnswers(lane: Lane): Promise<void> {
  const { agent, courier, mailAnswers, peer, ports } = lane;
  const { clock, ids, limits } = ports;
  while (!mailAnswers.isEmpty) {
    const { link } = courier;
    if (link === undefined) {
      courier.wake();
      return;
    }
    const at = clock.now();
    const answers = mailAnswers.take(limits.maxMailAnswers);
    const frame = {
      v: 1,
      id: ids.next('frm'),
      kind: 'answer',
      from: agent.agentId,
      to: peer,
      createdAt: at,
      expiresAt: at + limits.maxTtlSeconds * 1000,
      priority: 'high',
      bytes: signFrameAnswers({ to: peer, at, answers }, agent.root),
    } as const;
    // Whoever misses them repeats its frames.
    await sendOutside(link, frame, clock).catch(() => undefined);
  }
}
