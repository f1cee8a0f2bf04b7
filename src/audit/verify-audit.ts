import { codeOf } from '#kernel';
import type { AgentId } from '#identity';
import { genesis, hashEntry } from './chain.ts';
import { checkpointFault, checkpointKind } from './checkpoint.ts';
import type { AuditEntry } from './entry.ts';

/** An entry by its place and hash. */
export interface ChainPoint {
  readonly seq: number;
  readonly hash: string;
}

export interface VerifyAuditOptions {
  /** The entry before the first one given; without it the chain must begin at 1. */
  readonly start?: ChainPoint;
  /** Who may sign checkpoints: the ids of the node's agents, former ones included. Without it any key will do. */
  readonly signers?: readonly AgentId[];
  /**
   * Entries known from elsewhere, such as the checkpoint of an export: the only proof against a chain that was cut at
   * its end.
   */
  readonly expect?: readonly ChainPoint[];
}

export interface AuditVerdict {
  readonly ok: boolean;
  /** Entries that are good, up to the first problem. */
  readonly entries: number;
  readonly checkpoints: number;
  /** The last good entry: where the next part goes on. */
  readonly last?: ChainPoint;
  readonly problem?: { readonly seq: number; readonly reason: string };
}

/**
 * Recomputes the chain (spec 8.4): finds entries that were changed, removed, inserted or moved, and false checkpoints.
 */
export function verifyAudit(entries: Iterable<AuditEntry>, options: VerifyAuditOptions = {}): AuditVerdict {
  const expected = new Map((options.expect ?? []).map((point) => [point.seq, point.hash]));
  let last: ChainPoint = options.start ?? { seq: 0, hash: genesis };
  let count = 0;
  let checkpoints = 0;
  const verdict = (reason?: string): AuditVerdict => ({
    ok: reason === undefined,
    entries: count,
    checkpoints,
    ...(last.seq === 0 ? {} : { last }),
    ...(reason === undefined ? {} : { problem: { seq: last.seq + 1, reason } }),
  });
  for (const entry of entries) {
    const reason = entryFault(entry, last, options.signers) ?? expectationFault(entry, expected);
    if (reason !== undefined) return verdict(reason);
    last = { seq: entry.seq, hash: entry.hash };
    count += 1;
    if (entry.kind === checkpointKind) checkpoints += 1;
    expected.delete(entry.seq);
  }
  const missing = expected.keys().some((seq) => seq > last.seq);
  return verdict(missing ? 'the chain ends before an entry that is known to have existed' : undefined);
}

function entryFault(entry: AuditEntry, last: ChainPoint, signers?: readonly AgentId[]): string | undefined {
  if (entry.seq !== last.seq + 1) {
    return entry.seq > last.seq ? 'entries are missing' : 'entries are repeated or out of order';
  }
  if (entry.previous !== last.hash) return 'the entry does not continue the one before it';
  if (hashOf(entry) !== entry.hash) return 'the entry was changed after it was written';
  return entry.kind === checkpointKind ? checkpointFault(entry, signers) : undefined;
}

function expectationFault(entry: AuditEntry, expected: ReadonlyMap<number, string>): string | undefined {
  const hash = expected.get(entry.seq);
  return hash === undefined || hash === entry.hash
    ? undefined
    : 'the entry is not the one that is known to have existed';
}

/** Undefined for content that cannot have been written by `appendAudit`. */
function hashOf(entry: AuditEntry): string | undefined {
  try {
    return hashEntry(entry.previous, entry);
  } catch (error) {
    if (codeOf(error) === 'MALFORMED') return undefined;
    throw error;
  }
}
