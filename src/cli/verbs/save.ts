import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { saveFiles } from '../save-files.ts';
import { untilSettled } from '../follow-files.ts';
import type { MessageView } from '../views/types.ts';

/** Saves what came with a message. */
export async function save(call: Call): Promise<Outcome> {
  const { args, client, settings, signal } = call;
  const query = { agent: settings.agent, id: args.at(0, 'ID') };
  const dir = args.at(1, 'DIR');
  const chosen = args.number('file', [1, 1000]);
  const message = await client.message(query, { signal });
  checkChoice(message, chosen);
  if (args.flag('wait')) await untilSettled(call, message.id);
  const options = { dir, force: args.flag('force'), only: chosen === undefined ? undefined : chosen - 1 };
  const saved = await saveFiles(call, message, options);
  return { data: { id: message.id, saved }, lines: () => saved.map((path) => `Saved ${path}`) };
}

function checkChoice({ attachments, id }: MessageView, chosen: number | undefined): void {
  const hint = `See what it has with: mesh read ${id}`;
  if (attachments.every(({ kind }) => kind === 'url'))
    throw new MeshError('NOT_FOUND', 'The message has no files', { hint });
  if (chosen !== undefined && chosen > attachments.length)
    throw new MeshError('NOT_FOUND', `The message has no file ${chosen}`, { hint });
}
