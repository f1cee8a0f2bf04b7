import type { Call } from '../call.ts';
import { followFiles } from '../follow-files.ts';
import type { Outcome } from '../outcome.ts';
import { shortIds } from '../short-id.ts';
import { filesTable } from '../views/file-lines.ts';
import { size } from '../views/words.ts';

/** Files that came in and went out beside messages, oldest first; with --follow also what happens to them. */
export async function files(call: Call): Promise<Outcome | undefined> {
  const { args, client, settings, signal } = call;
  if (args.flag('follow')) {
    await followFiles(call, undefined);
    return undefined;
  }
  const query = {
    agent: settings.agent,
    peer: args.text('peer'),
    limit: args.number('limit', [1, 10_000]),
    ...(args.flag('open') ? { open: true } : {}),
  };
  const answer = await client.files(query, { signal });
  const list = answer.files.toReversed();
  const { kept } = answer;
  const here = list.findLast(({ direction, state }) => direction === 'in' && state === 'complete');
  const short = shortIds(list.map(({ id }) => id));
  return {
    data: { files: list, kept },
    lines: (paint) => [
      ...(list.length === 0 ? ['No files.'] : filesTable(list, paint)),
      ...(kept.in + kept.out === 0
        ? []
        : ['', `Kept here: ${size(kept.in)} that came in, ${size(kept.out)} for others, of ${size(kept.max)} each.`]),
    ],
    next: [
      ...new Set(list.map(({ why }) => why)),
      here === undefined ? undefined : `Save one: mesh save ${short(here.id)} DIR`,
    ],
  };
}
