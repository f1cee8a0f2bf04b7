import { inOrder } from '#team';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { openTeam } from '../team/open-team.ts';
import { nextForRows, type Row, rowView, teamTable } from '../views/team-lines.ts';
import { count } from '../views/words.ts';

const atOnce = 16;

/** Everybody in the registry; all are called at the same time. */
export async function teamList(call: Call): Promise<Outcome> {
  const { screen, signal } = call;
  const { team, registry, recognition } = await openTeam(call);
  screen.progress(`Calling ${count(team.others.length, 'teammate')} …`);
  const rows: Row[] = [];
  const work = async (teammate: Row['teammate']): Promise<Row> =>
    team.isSelf(teammate) ? { teammate, self: true } : await team.look(teammate, signal);
  for await (const row of inOrder(team.teammates, atOnce, work)) {
    if ('line' in row) row.line[Symbol.dispose]();
    rows.push(row);
  }
  const unknown = recognition.identity === undefined ? 'Who of them you are is not known: mesh team whoami' : undefined;
  return {
    data: { registry: registry.path, teammates: rows.map(rowView) },
    lines: (paint) => teamTable(rows, paint),
    next: [...nextForRows(rows), unknown],
  };
}
