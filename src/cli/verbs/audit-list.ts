import { auditQuery } from '../audit-query.ts';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { shortAgentId } from '../short-id.ts';
import { table } from '../table.ts';
import { jsonText, visible } from '../terminal-text.ts';
import { absolute } from '../times.ts';
import type { AuditEntryView } from '../views/types.ts';

const defaultLimit = 50;

/** The latest entries, oldest of them first. */
export async function auditList(call: Call): Promise<Outcome> {
  const limit = call.args.number('limit', [1, 10_000]) ?? defaultLimit;
  const query = { ...auditQuery(call), limit, latest: true };
  const { entries } = await call.client.audit(query, { signal: call.signal });
  return {
    data: { entries },
    lines: (paint) => (entries.length === 0 ? ['No entries.'] : entryTable(entries, paint)),
    next: ['Check that nothing was changed: mesh audit verify'],
  };
}

function entryTable(entries: readonly AuditEntryView[], paint: Paint): readonly string[] {
  return table(
    [
      { title: 'SEQ', cell: ({ seq }) => String(seq), align: 'end' },
      { title: 'WHEN', cell: ({ at }) => absolute(at, paint) },
      { title: 'AGENT', cell: ({ agent }) => visible(agent), shrinkTo: 6 },
      { title: 'KIND', cell: ({ kind }) => visible(kind), shrinkTo: 12 },
      { title: 'FACTS', cell: factsOf, shrinkTo: 12 },
    ],
    entries,
    paint,
  );
}

function factsOf({ data }: AuditEntryView): string {
  return visible(
    Object.entries(data)
      .map(([name, value]) => `${name}=${typeof value === 'string' ? shortAgentIdIn(value) : jsonText(value)}`)
      .join(' '),
  );
}

const shortAgentIdIn = (value: string): string => (value.startsWith('did:key:') ? shortAgentId(value) : value);
