import type { Revived } from '#delivery';
import type { MessageId } from '#protocol';
import type { Lane } from './lane.ts';
import { tellLane } from './tell-steps.ts';

/**
 * Nothing was heard from the peer for `giveUpMs`: what was accepted before that is a dead letter from now on, which people see, until the
 * peer is heard from (spec 11.5). Bounded: call again until it returns 0, the number of messages.
 */
export async function giveUpMessages(lane: Lane): Promise<number> {
  const { store, clock, limits } = lane.ports;
  const at = clock.now();
  const until = at - limits.giveUpMs;
  if (!isSilentSince(lane, until)) return 0;
  const to = { agent: lane.agent.name, peer: lane.peer };
  if (store.read.outbox.waitingCount(to.agent, to.peer) === 0 && lane.courier.inFlight === 0) return 0;
  const from = lane.givenUpUntil;
  const ids = await store.transact((tx) => tx.outbox.giveUp(to, { from, until, at }));
  if (ids.length === 0) lane.givenUpUntil = until;
  else lane.hasGivenUp = true;
  tellLane(lane, ids, { step: 'dead', state: 'dead', reason: 'UNREACHABLE' });
  return ids.length;
}

/** After a restart nothing is known of what was heard before: then the age of the messages alone decides. */
function isSilentSince({ courier }: Lane, time: number): boolean {
  const { link, lastHeardAt } = courier.status();
  return link === 'down' && (lastHeardAt === undefined || lastHeardAt <= time);
}

/** The peer was heard from: all that was given up goes on. */
export async function reviveMessages(lane: Lane): Promise<void> {
  if (!lane.hasGivenUp) return;
  await lane.serial.run(async () => {
    let revived: readonly Revived[];
    do revived = await reviveSome(lane);
    while (revived.length > 0);
    lane.hasGivenUp = false;
  });
}

/** Some of what was given up, or only these messages of it. Returns which ones. */
export async function reviveSome(lane: Lane, ids?: readonly MessageId[]): Promise<readonly Revived[]> {
  const { store, clock } = lane.ports;
  const to = { agent: lane.agent.name, peer: lane.peer };
  const given = { ...to, reason: 'UNREACHABLE', limit: 1 } as const;
  if (store.read.outbox.deadLetters(given).length === 0) return [];
  const at = clock.now();
  const revived = await store.transact((tx) => tx.outbox.revive(to, ids === undefined ? { at } : { at, ids }));
  if (revived.length > 0) lane.givenUpUntil = 0;
  for (const state of ['queued', 'sent'] as const) {
    const moved = revived.filter((one) => one.state === state).map(({ id }) => id);
    tellLane(lane, moved, { step: 'revived', state });
  }
  return revived;
}
