import type { Call } from './call.ts';
import { visible } from './terminal-text.ts';
import { absolute } from './times.ts';
import { bodyLines } from './views/message-lines.ts';
import type { MessageView } from './views/types.ts';
import { shown } from './views/words.ts';

const listed = 500;

/**
 * Prints what is unread and then messages as they come, until the signal, also across restarts of the node. It listens
 * before it lists, so that none is missed between the two; none is shown twice. With --json one document a line.
 */
export async function followInbox(call: Call): Promise<void> {
  const { args, client, settings, screen } = call;
  const end = new AbortController();
  const signal = AbortSignal.any([call.signal, end.signal]);
  const peer = args.text('peer');
  const peerId =
    peer === undefined
      ? undefined
      : (await client.contact({ agent: settings.agent, contact: peer }, { signal })).agentId;
  const known = new Set<string>();
  const showOnce = (message: MessageView): void => {
    if (known.has(message.id) || (peerId !== undefined && message.peerId !== peerId)) return;
    known.add(message.id);
    if (settings.json) screen.json(message, 'line');
    else screen.lines(arrivalLines(call, message));
  };
  const showUnread = async (): Promise<void> => {
    const { messages } = await client.inbox(
      { agent: settings.agent, unread: true, peer: peerId, limit: listed },
      { signal },
    );
    for (const message of messages.toReversed()) showOnce(message);
  };
  const listening = Promise.withResolvers<void>();
  const list = listening.promise.then(() => {
    screen.note('Waiting for messages. Ctrl-C ends it.');
    return showUnread();
  });
  const follow = async (): Promise<void> => {
    for await (const { event } of client.events({ agent: settings.agent, signal, onOpen: listening.resolve })) {
      await list;
      if (event.type === 'message.received') showOnce(event.message);
      // What waits for a review came in, too; the list shows whose it is.
      if (event.type === 'missed' || (event.type === 'message.held' && event.direction === 'in')) await showUnread();
      if (event.type === 'node.stopping') screen.note('The node stops; waiting until it is back. Ctrl-C ends it.');
    }
  };
  try {
    await Promise.all([list, follow()]);
  } finally {
    end.abort();
  }
}

function arrivalLines({ screen }: Call, message: MessageView): readonly string[] {
  const paint = screen.paint();
  const head = [
    paint.colour('dim', absolute(message.receivedAt, paint)),
    paint.colour('bold', visible(message.peer)),
    message.priority === 'high' ? paint.colour('red', `${message.type}!`) : message.type,
    paint.colour('dim', message.id),
  ];
  const subject = shown(message.subject);
  const files = message.attachments.length === 0 ? [] : [`  [${message.attachments.length} attached]`];
  const held =
    message.state === 'review'
      ? [paint.colour('yellow', '  The guard saw something in it: it waits for you (mesh review)')]
      : [];
  return [
    head.join('  '),
    ...(subject === undefined ? [] : [`  ${paint.colour('bold', subject)}`]),
    ...bodyLines(message.body),
    ...files,
    ...held,
  ];
}
