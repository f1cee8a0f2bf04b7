import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { openTeam, required } from '../team/open-team.ts';
import { visible } from '../terminal-text.ts';
import { elapsed } from '../times.ts';
import { nameOf, nameView } from '../views/team-lines.ts';

/** Whether the agent of a teammate could be asked now; it is told nothing. */
export async function teamPing(call: Call): Promise<Outcome> {
  const { args, screen, signal } = call;
  const { team } = await openTeam(call);
  const teammate = team.find(required(args.text('to'), '--to'));
  screen.progress(`Calling ${nameOf(teammate)} …`);
  using line = await team.open(teammate, signal);
  const { way, address, latencyMs } = line;
  const inTime = latencyMs === undefined ? '' : `, ${elapsed(latencyMs)}`;
  return {
    data: { ...nameView(teammate), online: true, way, address, ...(latencyMs === undefined ? {} : { latencyMs }) },
    lines: () => [`${nameOf(teammate)} is online: over the ${way}, ${visible(address)}${inTime}`],
  };
}
