import { auditPages } from '../audit-query.ts';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { jsonText, visible } from '../terminal-text.ts';
import type { AuditEntryView } from '../views/types.ts';

/** Prints all entries page by page: CSV with a header line, or one JSON list. --json means the latter. */
export async function auditExport(call: Call): Promise<Outcome | undefined> {
  const format = call.settings.json ? 'json' : (call.args.choice('format', ['csv', 'json']) ?? 'csv');
  const { stdout } = call.ports;
  if (format === 'csv') {
    stdout.write(`${columns.join(',')}\r\n`);
    for await (const entries of auditPages(call)) stdout.write(entries.map(csvLine).join(''));
    return undefined;
  }
  let before = '[\n';
  for await (const entries of auditPages(call)) {
    stdout.write(before + entries.map((entry) => jsonText(entry)).join(',\n'));
    before = ',\n';
  }
  stdout.write(before === '[\n' ? '[]\n' : '\n]\n');
  return undefined;
}

const columns = ['seq', 'at', 'time', 'agent', 'kind', 'data', 'previous', 'hash'] as const;

/** RFC 4180. */
function csvLine({ seq, at, agent, kind, data, previous, hash }: AuditEntryView): string {
  const cells = [
    String(seq),
    String(at),
    new Date(at).toISOString(),
    visible(agent),
    visible(kind),
    jsonText(data),
    previous,
    hash,
  ];
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(text: string): string {
  // A spreadsheet would run what begins like a formula.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
