import { createHash } from 'node:crypto';
import { canonicalJson, fromHex } from '#kernel';
import type { AuditEntry } from './entry.ts';
import type { AuditWriter } from './store.ts';

/** What the first entry is chained to (spec 8.2): 32 zero bytes, hex. */
export const genesis = '0'.repeat(64);

export interface NewAuditEntry {
  readonly at: number;
  /** Name of the local agent; `node` for what concerns no agent. */
  readonly agent: string;
  readonly kind: string;
  readonly data: AuditEntry['data'];
}

/** Chains the entry to the last one and writes it. Throws MALFORMED when the data has no canonical JSON form. */
export function appendAudit(writer: AuditWriter, added: NewAuditEntry): AuditEntry {
  const last = writer.last();
  const { at, agent, kind, data } = added;
  const content = { seq: (last?.seq ?? 0) + 1, at, agent, kind, data };
  const previous = last?.hash ?? genesis;
  const entry = { ...content, previous, hash: hashEntry(previous, content) };
  writer.insert(entry);
  return entry;
}

/**
 * SHA-256 over the 32 bytes of the previous hash and the canonical JSON of `{agent, at, data, kind, seq}`, hex (spec
 * 8.2).
 */
export function hashEntry(previous: string, content: Omit<AuditEntry, 'previous' | 'hash'>): string {
  const { seq, at, agent, kind, data } = content;
  const hash = createHash('sha256').update(fromHex(previous));
  return hash.update(canonicalJson({ seq, at, agent, kind, data })).digest('hex');
}
