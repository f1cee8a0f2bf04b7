import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { hubTable } from '../views/joined-hub-lines.ts';

/** The hubs of the agent, in the order in which others use them. */
export async function hubs({ client, settings, signal }: Call): Promise<Outcome> {
  const answer = await client.hubs({ agent: settings.agent }, { signal });
  const { hubs: all } = answer;
  return {
    data: answer,
    lines: (paint) =>
      all.length === 0 ? ['This agent uses no hub: messages wait at their senders.'] : hubTable(all, paint),
    next:
      all.length === 0
        ? ['Join one: mesh hub-join URL', { elsewhere: 'Run one yourself: mesh hub' }]
        : [all.every(({ relayOf }) => relayOf !== undefined) ? undefined : 'See who else is there: mesh directory'],
  };
}
