import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import { canAsk, confirm } from '../confirm.ts';
import type { Outcome } from '../outcome.ts';
import { fields } from '../table.ts';

const unsure = (): MeshError =>
  new MeshError('INVALID_ARGUMENT', 'A new key gives the agent a new id: this needs a yes', {
    hint: 'Run: mesh rotate-key --yes',
  });

/** A new root key, announced by a statement that the old and the new key sign. */
export async function rotateKey(call: Call): Promise<Outcome> {
  const { args, client, settings, ports, signal } = call;
  if (!args.flag('yes')) {
    if (!canAsk(call)) throw unsure();
    const sure = await confirm(ports, 'The agent gets a new id and fingerprint; peers follow. Replace the key?');
    if (!sure) return { data: { rotated: false }, lines: () => ['Nothing was changed.'], exitCode: 1 };
  }
  const result = await client.rotateKey({ agent: settings.agent }, { signal });
  return {
    data: result,
    lines: (paint) => [
      'The agent has a new key. Peers follow when they next hear from it.',
      '',
      ...fields(
        [
          ['old id', result.from],
          ['new id', result.to],
          ['fingerprint', result.fingerprint],
        ],
        paint,
      ),
    ],
    next: ['Safety numbers have changed, compare them again: mesh verify NAME'],
  };
}
