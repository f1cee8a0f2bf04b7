import type { AuditEntry } from './entry.ts';

const columns = ['seq', 'at', 'time', 'agent', 'kind', 'data', 'previous', 'hash'] as const;

/** One JSON document a line, each with all fields of its entry: what `verifyAudit` needs. */
export function auditToJsonLines(entries: Iterable<AuditEntry>): string {
  let lines = '';
  for (const { seq, at, agent, kind, data, previous, hash } of entries) {
    lines += `${JSON.stringify({ seq, at, agent, kind, data, previous, hash })}\n`;
  }
  return lines;
}

/** RFC 4180 with a header line; `time` is `at` in ISO 8601, `data` is JSON. For people and spreadsheets. */
export function auditToCsv(entries: Iterable<AuditEntry>): string {
  let lines = `${columns.join(',')}\r\n`;
  for (const entry of entries) {
    const { seq, at, agent, kind, data, previous, hash } = entry;
    const cells = [seq, at, isoTime(at), agent, kind, JSON.stringify(data), previous, hash];
    lines += `${cells.map(cell).join(',')}\r\n`;
  }
  return lines;
}

function cell(value: string | number): string {
  const text = String(value);
  // A spreadsheet runs what begins like a formula; the apostrophe makes it text.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function isoTime(at: number): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}
