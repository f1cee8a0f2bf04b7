import type { AuditEntry } from './entry.ts';

export interface AuditQuery {
  readonly agent?: string;
  readonly kind?: string;
  readonly since?: number;
  readonly until?: number;
  readonly afterSeq?: number;
  /** The last `limit` entries instead of the first. */
  readonly latest?: boolean;
  readonly limit: number;
}

export interface AuditReader {
  last(): AuditEntry | undefined;
  /** In order of `seq`, the latest too. */
  entries(query: AuditQuery): readonly AuditEntry[];
}

export interface AuditWriter extends AuditReader {
  insert(entry: AuditEntry): void;
}
