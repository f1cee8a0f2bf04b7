export { appendAudit, genesis, hashEntry, type NewAuditEntry } from './chain.ts';
export { type Checkpoint, checkpointDue, makeCheckpoint, type MakeCheckpoint } from './checkpoint.ts';
export type { AuditEntry } from './entry.ts';
export { auditToCsv, auditToJsonLines } from './export-audit.ts';
export type { AuditQuery, AuditReader, AuditWriter } from './store.ts';
export { type AuditVerdict, type ChainPoint, verifyAudit, type VerifyAuditOptions } from './verify-audit.ts';
