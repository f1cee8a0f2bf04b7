import type { Call } from './call.ts';
import type { AuditEntryView } from './views/types.ts';

/** The part of the log that the flags name. */
export function auditQuery({ args, settings, ports }: Call) {
  const now = ports.clock.now();
  return {
    agent: settings.agent,
    kind: args.text('kind'),
    since: args.moment('since', now),
    until: args.moment('until', now),
  };
}

const page = 5000;

/** All entries of that part in order, page by page. */
export async function* auditPages(call: Call): AsyncGenerator<readonly AuditEntryView[], void, undefined> {
  const query = auditQuery(call);
  let afterSeq = 0;
  for (;;) {
    const { entries } = await call.client.audit({ ...query, limit: page, afterSeq }, { signal: call.signal });
    if (entries.length > 0) yield entries;
    const last = entries.at(-1)?.seq;
    if (last === undefined || entries.length < page) return;
    afterSeq = last;
  }
}
