import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { shortAgentId } from '../short-id.ts';
import { table } from '../table.ts';
import { relative } from '../times.ts';
import type { InviteView } from '../views/types.ts';

/** Invites of this agent and what became of them. */
export async function invites({ client, settings, signal }: Call): Promise<Outcome> {
  const { invites: all } = await client.invites({ agent: settings.agent }, { signal });
  return {
    data: { invites: all },
    lines: (paint) => (all.length === 0 ? ['No invites.'] : inviteTable(all, paint)),
    next: all.length === 0 ? ['Make one: mesh invite'] : [],
  };
}

function inviteTable(all: readonly InviteView[], paint: Paint): readonly string[] {
  return table(
    [
      { title: 'INVITE', cell: ({ id }) => id, shrinkTo: 12 },
      { title: 'MADE', cell: ({ createdAt }) => relative(createdAt, paint) },
      { title: 'STATE', cell: (one) => stateOf(one, paint) },
      { title: 'BY', cell: ({ usedBy }) => (usedBy === undefined ? '' : shortAgentId(usedBy)) },
    ],
    all,
    paint,
  );
}

function stateOf({ usedAt, expiresAt }: InviteView, paint: Paint): string {
  if (usedAt !== undefined) return `used ${relative(usedAt, paint)}`;
  return expiresAt <= paint.now ? 'expired' : `open, expires ${relative(expiresAt, paint)}`;
}
