import { type Fields, fieldsOf, replyInHistory, rowKey, rowText, textOf } from '#runtime';

/**
 * What became of a run, in the rows of a session that others use too. A row that names another run that somebody began is never its reply;
 * a gateway that was restarted goes on with a run under another name, of which no row says who began it.
 */
export function replyOfRun(rows: readonly Fields[], run: string): ReturnType<typeof replyInHistory> {
  const ours = replyInHistory(
    rows.filter((row) => row['role'] !== 'assistant' || runOf(row) === run),
    run,
  );
  if (ours.text !== undefined || ours.failed === true) return ours;
  const others = new Set(rows.filter(isAsked).map(rowKey));
  others.delete(run);
  return replyInHistory(
    rows.filter((row) => !others.has(runOf(row))),
    run,
  );
}

const runOf = (row: Fields): string => textOf(fieldsOf(row['__openclaw'])['runId']) ?? '';

/** By somebody, and not by the gateway itself. */
const isAsked = (row: Fields): boolean =>
  row['role'] === 'user' && rowKey(row) !== '' && !rowText(row).startsWith('[System]');
