import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import { canAsk, confirm } from '../confirm.ts';
import { choiceOf } from '../dead-choice.ts';
import type { Outcome } from '../outcome.ts';
import { count } from '../views/words.ts';

/** Forgets dead letters for good, after a yes. */
export async function deadPurge(call: Call): Promise<Outcome> {
  const { args, client, ports, signal } = call;
  const choice = choiceOf(call);
  if (!args.flag('yes')) {
    if (!canAsk(call)) {
      throw new MeshError('INVALID_ARGUMENT', 'Forgetting messages needs a yes', {
        hint: 'Add --yes to the command.',
      });
    }
    const sure = await confirm(ports, 'They are gone for good. Forget them?');
    if (!sure) return { data: { purged: 0, kept: 0 }, lines: () => ['Nothing was changed.'], exitCode: 1 };
  }
  const result = await client.purgeDead(choice, { signal });
  return {
    data: result,
    lines: () => [
      `${count(result.purged, 'dead letter')} forgotten.`,
      ...(result.kept === 0 ? [] : [`Kept: ${count(result.kept, 'message')} in a frame that the peer may still take.`]),
    ],
  };
}
