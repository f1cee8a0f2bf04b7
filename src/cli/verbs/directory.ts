import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { visible } from '../terminal-text.ts';
import { directoryTable } from '../views/joined-hub-lines.ts';
import { count } from '../views/words.ts';

/** Agents at the hubs of this one. */
export async function directory({ args, client, settings, signal }: Call): Promise<Outcome> {
  const [search, capability, hub] = [args.text('search'), args.text('capability'), args.text('hub')];
  const answer = await client.directory({ agent: settings.agent, search, capability, hub }, { signal });
  const { agents, more, problems } = answer;
  const stranger = agents.find(({ contact, own }) => contact === undefined && own !== true);
  return {
    data: answer,
    lines: (paint) => [
      ...(agents.length === 0 ? ['No agent there fits.'] : directoryTable(agents, paint)),
      ...(more ? [`… and more than these ${count(agents.length, 'agent')}: narrow it down with --search TEXT`] : []),
      ...problems.map((problem) => `Not asked: ${visible(problem.hub)}, ${visible(problem.message)}`),
    ],
    next: [
      stranger && `Ask for trust: mesh request ${shellWord(`${visible(stranger.name)}@${visible(stranger.hub)}`)}`,
      ...(problems.length === 0 ? [] : ['How the hubs stand: mesh hubs']),
    ],
  };
}
