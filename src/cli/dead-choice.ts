import type { Input } from '#api';
import { MeshError } from '#kernel';
import type { Call } from './call.ts';
import { boxNames } from './table/verb-spec.ts';

type Narrowing = Pick<Input<'replayDead'>, 'agent' | 'peer' | 'reason' | 'before' | 'box'>;

/** Which dead letters the flags mean. */
export function narrowingOf({ args, settings, ports }: Call): Narrowing {
  const older = args.durationMs('older');
  return {
    agent: settings.agent,
    peer: args.text('peer'),
    reason: args.text('reason')?.toUpperCase(),
    before: older === undefined ? undefined : ports.clock.now() - older,
    box: args.choice('box', boxNames),
  };
}

/** The same with ids or `--all`. Throws when nothing is said: that must not mean everything. */
export function choiceOf(call: Call): Input<'replayDead'> {
  const ids = call.args.rest(0);
  const all = call.args.flag('all');
  const { agent, ...narrowing } = narrowingOf(call);
  const isNarrowed = Object.values(narrowing).some((value) => value !== undefined);
  if (ids.length === 0 && !all && !isNarrowed) {
    throw new MeshError('INVALID_ARGUMENT', 'Which dead letters is not said', {
      hint: 'Name ids of the list (mesh dead), or narrow it with --peer, --reason or --older, or say --all',
    });
  }
  if (ids.length > 0 && (all || isNarrowed)) {
    throw new MeshError('INVALID_ARGUMENT', 'Ids and a part of the list were both given', {
      hint: 'Name ids, or say which part with --peer, --reason, --older or --all.',
    });
  }
  return ids.length > 0 ? { agent, ids } : { agent, ...narrowing, ...(all ? { all } : {}) };
}
