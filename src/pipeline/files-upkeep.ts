import type { ErrorCode } from '#kernel';
import type { FileRow, OutboxState } from '#delivery';
import type { Lane } from './lane.ts';
import { fileLost } from './receive-files.ts';
import { endFiles } from './send-files.ts';

/** States in which a message is not delivered any more; a dead letter may still be sent again. */
const isGone = (state: OutboxState | undefined): boolean =>
  state === undefined || state === 'refused' || state === 'expired' || state === 'cancelled';

/** A message whose files are known already may still be on its way to the disk. */
const acceptMs = 60_000;

/** Ends files of the peer that nobody waits for: of messages that ended, of contacts that were removed, and of those whose time is over. */
export async function endFilesOver(lane: Lane): Promise<void> {
  const { agent, peer, ports } = lane;
  const { files, outbox, contacts } = ports.store.read;
  const now = ports.clock.now();
  const isContact = contacts.byAgentId(agent.name, peer) !== undefined;
  for (const row of files.open({ agent: agent.name, peer, direction: 'in' })) {
    const reason = reasonOf(row, now) ?? (isContact ? undefined : 'NOT_TRUSTED');
    if (reason !== undefined) await fileLost(lane, { row }, reason);
  }
  const outgoing = files.open({ agent: agent.name, peer, direction: 'out' }).flatMap((row) => {
    const sent = outbox.message(agent.name, row.message);
    if (sent === undefined && row.createdAt > now - acceptMs) return [];
    const reason = reasonOf(row, now) ?? (isGone(sent?.state) ? (sent?.reason ?? 'EXPIRED') : undefined);
    return reason === undefined ? [] : { message: row.message, reason };
  });
  await endFiles(lane, outgoing);
}

const reasonOf = (row: FileRow, now: number): ErrorCode | undefined => (row.expiresAt <= now ? 'EXPIRED' : undefined);
