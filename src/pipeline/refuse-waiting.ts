import type { ErrorCode } from '#kernel';
import type { MessageId } from '#protocol';
import { unsealAll } from './contact-desk.ts';
import type { Lane } from './lane.ts';
import { storeArrivals } from './send.ts';

/**
 * The contact may get nothing more: what it did not confirm ends as refused, with the reason shown to the user. Sessions end too, so that
 * nothing of this is sent when there is trust again.
 */
export async function refuseWaiting(lane: Lane, code: ErrorCode): Promise<readonly MessageId[]> {
  const { agent, peer, ports } = lane;
  return lane.serial.run(async () => {
    await storeArrivals(lane);
    const ids = await ports.store.transact((tx) => {
      unsealAll({ agent, ports }, tx, peer);
      return tx.outbox.refuseWaiting({ agent: agent.name, peer }, { code, at: ports.clock.now() });
    });
    lane.forgetSessions();
    return ids;
  });
}
