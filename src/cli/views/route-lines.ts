import type { Output } from '#api';
import type { Paint } from '../paint.ts';
import { table } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { relative } from '../times.ts';

type Contact = Output<'routes'>['contacts'][number];
type Row = Contact['routes'][number] & { readonly of: string };

const colours = { 'in use': 'green', works: 'green', fails: 'yellow', untried: 'dim' } as const;

/** One line a way; the contact is named at its first. */
export function routeTable(contacts: readonly Contact[], paint: Paint): readonly string[] {
  const rows: readonly Row[] = contacts.flatMap(({ petname, routes }) =>
    routes.map((route, index) => ({ ...route, of: index === 0 ? petname : '' })),
  );
  return table(
    [
      { title: 'CONTACT', cell: ({ of }) => visible(of), shrinkTo: 10 },
      { title: 'WAY', cell: ({ kind, url }) => `${kind} ${visible(url)}`, shrinkTo: 16 },
      {
        title: 'STATE',
        cell: ({ state, lastError }) => (lastError === undefined ? state : `${state}: ${visible(lastError.code)}`),
        paint: (text, { state }) => paint.colour(colours[state], text),
      },
      {
        title: 'LATENCY',
        cell: ({ latencyMs }) => (latencyMs === undefined ? '' : `${latencyMs.toFixed(1)} ms`),
        align: 'end',
      },
      { title: 'HEARD', cell: ({ lastHeardAt }) => (lastHeardAt === undefined ? '' : relative(lastHeardAt, paint)) },
    ],
    rows,
    paint,
  );
}

/** What is worth saying about contacts that nothing reaches. */
export function unreachable(contacts: readonly Contact[]): readonly string[] {
  return contacts
    .filter(({ routes }) => routes.every(({ state }) => state === 'fails'))
    .map(({ petname }) => visible(petname));
}
