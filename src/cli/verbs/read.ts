import type { Client } from '#api';
import { codeOf } from '#kernel';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { saveFiles } from '../save-files.ts';
import { shellWord } from '../settings.ts';
import { messageLines } from '../views/message-lines.ts';
import type { MessageView } from '../views/types.ts';

/** Shows one message; with a running node it counts as read from now on, which its sender sees. */
export async function read(call: Call): Promise<Outcome> {
  const { args, client } = call;
  const message = await readOrPeek(client, call);
  const dir = args.text('save');
  const saved = dir === undefined ? [] : await saveFiles(call, message, { dir });
  const given = shellWord(args.at(0, 'ID'));
  const files = message.attachments.some(({ kind }) => kind !== 'url');
  const isComing = message.attachments.some(({ file }) => file?.state === 'waiting' || file?.state === 'moving');
  return {
    data: dir === undefined ? message : { ...message, saved },
    lines: (paint) => [
      ...messageLines(message, paint),
      ...(saved.length === 0 ? [] : ['', ...saved.map((path) => `Saved ${path}`)]),
    ],
    next: [
      message.state === 'review' ? `Decide whether the program gets it: mesh review show ${given}` : undefined,
      message.type === 'request' && message.answerId === undefined ? `Answer it: mesh reply ${given} "…"` : undefined,
      files && dir === undefined
        ? `Save what is attached${isComing ? ' when it is here' : ''}: mesh save ${given} DIR${isComing ? ' --wait' : ''}`
        : undefined,
    ],
  };
}

async function readOrPeek(client: Client, { args, settings, screen, signal }: Call): Promise<MessageView> {
  const query = { agent: settings.agent, id: args.at(0, 'ID') };
  try {
    return await client.read(query, { signal });
  } catch (error) {
    if (codeOf(error) !== 'NODE_NOT_RUNNING') throw error;
    const message = await client.message(query, { signal });
    screen.note('It stays unread until it is read with a running node.');
    return message;
  }
}
