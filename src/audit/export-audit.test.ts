import { describe, expect, it } from 'vitest';
import { appendAudit, auditToCsv, auditToJsonLines, type AuditEntry, verifyAudit } from './index.ts';

function entryOf(fields: Partial<AuditEntry>): AuditEntry {
  return { seq: 1, at: 0, agent: 'alice', kind: 'k', data: {}, previous: 'aa', hash: 'bb', ...fields };
}

/** RFC 4180, strictly: what a spreadsheet reads. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let rest = text;
  while (rest !== '') {
    const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest);
    if (match === null) throw new Error(`not RFC 4180 at: ${rest.slice(0, 40)}`);
    const [whole, quoted, plain, end] = match;
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === '\r\n') {
      rows.push(row);
      row = [];
    }
    rest = rest.slice(whole.length);
  }
  return rows;
}

describe('the export of the audit log', () => {
  it('as JSON lines can be verified again', () => {
    const all: AuditEntry[] = [];
    const log = { last: () => all.at(-1), entries: () => all, insert: (entry: AuditEntry) => void all.push(entry) };
    for (const text of ['line\nbreak', '✓']) appendAudit(log, { at: 1, agent: 'a', kind: 'k', data: { text } });
    const lines = auditToJsonLines(all).split('\n');
    expect(lines.pop()).toBe('');
    const read = lines.map((line) => JSON.parse(line) as AuditEntry);
    expect(read).toEqual(all);
    expect(verifyAudit(read)).toMatchObject({ ok: true, entries: 2 });
    expect(auditToJsonLines([])).toBe('');
  });

  it('as CSV has a header, a line for each entry, and comes back whole', () => {
    const data = { text: 'a "quoted", text\r\nin two lines', list: ['x,y'] };
    const csv = auditToCsv([entryOf({ at: 1_800_000_000_000, data }), entryOf({ seq: 2 })]);
    expect(parseCsv(csv)).toEqual([
      ['seq', 'at', 'time', 'agent', 'kind', 'data', 'previous', 'hash'],
      ['1', '1800000000000', '2027-01-15T08:00:00.000Z', 'alice', 'k', JSON.stringify(data), 'aa', 'bb'],
      ['2', '0', '1970-01-01T00:00:00.000Z', 'alice', 'k', '{}', 'aa', 'bb'],
    ]);
    expect(parseCsv(auditToCsv([]))).toHaveLength(1);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '=cmd|\' /C calc\'!A0,"x"'])(
    'as CSV makes text of a formula: %j',
    (kind) => {
      const [, row] = parseCsv(auditToCsv([entryOf({ kind })]));
      expect(row?.[4]).toBe(`'${kind}`);
    },
  );

  it('as CSV leaves other text and numbers as they are', () => {
    const [, row] = parseCsv(auditToCsv([entryOf({ kind: 'contact.trusted', agent: 'a=b', at: -5 })]));
    expect([row?.[1], row?.[3], row?.[4]]).toEqual(['-5', 'a=b', 'contact.trusted']);
  });

  it('as CSV leaves the time out when it is none', () => {
    const [, row] = parseCsv(auditToCsv([entryOf({ at: 9e15 })]));
    expect([row?.[1], row?.[2]]).toEqual(['9000000000000000', '']);
  });
});
