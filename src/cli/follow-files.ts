import type { FileView } from '#api';
import { MeshError } from '#kernel';
import type { Call } from './call.ts';
import { visible } from './terminal-text.ts';
import { fileWord } from './views/file-lines.ts';
import { progressOf } from './views/words.ts';

const listed = 1000;
const isSettled = ({ state }: FileView): boolean => state !== 'waiting' && state !== 'moving';

/**
 * Every file as it is, and then again as often as something happens to it. It listens before it lists, so that nothing is missed between the
 * two.
 */
async function* changes(call: Call): AsyncGenerator<FileView, void, undefined> {
  const { args, client, settings, signal } = call;
  const query = { agent: settings.agent, peer: args.text('peer'), open: true, limit: listed };
  const { peerId } =
    query.peer === undefined
      ? { peerId: undefined }
      : await client
          .contact({ agent: query.agent, contact: query.peer }, { signal })
          .then(({ agentId }) => ({ peerId: agentId }));
  let isListed = false;
  for await (const { event } of client.events({ agent: settings.agent, signal })) {
    if (!isListed || event.type === 'missed') yield* (await client.files(query, { signal })).files;
    isListed = true;
    if (event.type === 'file.changed' && (peerId === undefined || event.file.peerId === peerId)) yield event.file;
  }
}

/** Shows files as they come and go, until Ctrl-C; those of one message until they are settled. With --json one document a line. */
export async function followFiles(call: Call, id: string | undefined): Promise<void> {
  const { settings, screen } = call;
  screen.note('Waiting for news of files. Ctrl-C ends it.');
  for await (const file of changes(call)) {
    if (id !== undefined && file.id !== id) continue;
    if (settings.json) screen.json(file, 'line');
    else if (isSettled(file)) screen.lines([lineOf(file)]);
    else screen.progress(lineOf(file));
  }
}

function lineOf(file: FileView): string {
  const way = file.direction === 'in' ? `from ${visible(file.peer)}` : `to ${visible(file.peer)}`;
  return `${visible(file.name)} ${way}: ${fileWord(file)}`;
}

/** Resolves when all files of the message are here. Throws FILE_GONE when one of them will not come. */
export async function untilSettled(call: Call, id: string): Promise<void> {
  const { client, settings, screen, signal } = call;
  const end = new AbortController();
  const within = { ...call, signal: AbortSignal.any([signal, end.signal]) };
  const look = async (): Promise<boolean> => {
    const { attachments } = await client.message({ agent: settings.agent, id }, { signal });
    for (const { name, file } of attachments) {
      if (file?.state === 'failed')
        throw new MeshError('FILE_GONE', `${visible(name)} did not come: ${file.reason ?? 'unknown'}`);
    }
    return attachments.every(({ file }) => file === undefined || file.state === 'complete' || file.state === 'removed');
  };
  try {
    if (await look()) return;
    for await (const file of changes(within)) {
      if (file.id !== id) continue;
      screen.progress(`Waiting for ${visible(file.name)}: ${progressOf(file.have, file.size)} …`);
      if (isSettled(file) && (await look())) break;
    }
  } finally {
    screen.progress('');
    end.abort();
  }
}
