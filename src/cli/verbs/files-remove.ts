import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { size } from '../views/words.ts';

/** Deletes the bytes of files that came in; their message stays. */
export async function filesRemove({ args, client, settings, signal }: Call): Promise<Outcome> {
  const { agent } = settings;
  const message = await client.message({ agent, id: args.at(0, 'ID') }, { signal });
  const chosen = args.number('file', [1, 1000]);
  const beside = message.attachments.flatMap(({ kind }, index) =>
    kind === 'blob' && (chosen === undefined || chosen === index + 1) ? [index] : [],
  );
  if (beside.length === 0) {
    throw new MeshError('NOT_FOUND', 'The message has no such file beside it', {
      hint: `See what it has with: mesh read ${message.id}`,
    });
  }
  const removed = [];
  for (const index of beside) removed.push(await client.removeFile({ agent, id: message.id, index }, { signal }));
  const bytes = removed.reduce((sum, file) => sum + file.size, 0);
  return { data: { removed }, lines: () => [`Removed ${size(bytes)}; the message stays.`] };
}
