import { type Desk, type Lane, tellUnsealed, unsealAll } from '#pipeline';

/** Our own root or device key changed: sessions end, and what was not confirmed waits to be sealed anew. */
export async function endOwnSessions(desk: Desk, lanes: readonly Lane[]): Promise<void> {
  await Promise.all(
    lanes.map((lane) =>
      lane.serial.run(async () => {
        const ids = await lane.deferred.transact((tx) => unsealAll(desk, tx, lane.peer));
        lane.forgetSessions();
        tellUnsealed(desk, lane.peer, ids);
      }),
    ),
  );
}
