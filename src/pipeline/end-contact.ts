import type { ErrorCode } from '#kernel';
import type { MessageId } from '#protocol';
import type { Contact, ContactEvent } from '#trust';
import { unsealAll, writeEvent } from './contact-desk.ts';
import type { Lane } from './lane.ts';
import { storeArrivals } from './send.ts';
import { tellLane } from './tell-steps.ts';

export interface Ended {
  readonly contact: Contact;
  /** What waited for it. */
  readonly refused: readonly MessageId[];
}

/**
 * A person removes or blocks the contact. ONE transaction takes the trust away, refuses what the contact did not confirm, with the
 * reason shown to the user, and ends the sessions: nothing of this is sent when there is trust again.
 */
export async function endContact(
  lane: Lane,
  end: { readonly event: ContactEvent; readonly code: ErrorCode },
): Promise<Ended> {
  const { agent, peer, ports } = lane;
  const desk = { agent, ports };
  return lane.serial.run(async () => {
    await storeArrivals(lane);
    const ended = await lane.deferred.transact((tx) => {
      const contact = writeEvent(desk, tx, { agentId: peer, event: end.event });
      unsealAll(desk, tx, peer);
      const scope = { agent: agent.name, peer };
      return { contact, refused: tx.outbox.refuseWaiting(scope, { code: end.code, at: ports.clock.now() }) };
    });
    lane.forgetSessions();
    tellLane(lane, ended.refused, { step: 'refused', state: 'refused', reason: end.code });
    ports.emit({ type: 'contact', contact: ended.contact });
    return ended;
  });
}
