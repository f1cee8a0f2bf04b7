import type { Call } from '../call.ts';
import { followInbox } from '../follow-inbox.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { shortIds } from '../short-id.ts';
import { inboxTable } from '../views/message-lines.ts';
import type { MessageView } from '../views/types.ts';
import { count } from '../views/words.ts';

/** What has come in, oldest first; with --follow also what comes. */
export async function inbox(call: Call): Promise<Outcome | undefined> {
  const { args, client, settings, signal } = call;
  if (args.flag('follow')) {
    await followInbox(call);
    return undefined;
  }
  const query = {
    agent: settings.agent,
    peer: args.text('peer'),
    limit: args.number('limit', [1, 10_000]),
    ...(args.flag('unread') ? { unread: true } : {}),
  };
  const answer = await client.inbox(query, { signal });
  // The API gives the newest first; many may have arrived in the same millisecond.
  const messages = answer.messages.toReversed();
  return {
    data: { messages, lastSeq: answer.lastSeq },
    lines: (paint) =>
      messages.length === 0
        ? [args.flag('unread') ? 'Nothing unread.' : 'The inbox is empty.']
        : inboxTable(messages, paint),
    next: [...nextSteps(messages), ...pausedStep(answer)],
  };
}

const pausedStep = ({ paused }: Awaited<ReturnType<Call['client']['inbox']>>): readonly string[] =>
  paused === undefined
    ? []
    : [
        `No program takes messages now: it is paused. Go on: mesh resume${paused.agent === undefined ? '' : ` --agent ${shellWord(paused.agent)}`}`,
      ];

function nextSteps(messages: readonly MessageView[]): readonly string[] {
  const last = messages.findLast(({ readAt, state }) => readAt === undefined && state === 'new') ?? messages.at(-1);
  if (last === undefined) return [];
  const short = shortIds(messages.map(({ id }) => id));
  const held = messages.filter(({ state }) => state === 'review').length;
  const dead = messages.filter(({ state }) => state === 'dead').length;
  return [
    `Read one: mesh read ${short(last.id)}`,
    ...(held === 0
      ? []
      : [
          `${count(held, 'message')} marked ? ${held === 1 ? 'waits' : 'wait'} for you, because the guard saw something: mesh review`,
        ]),
    ...(dead === 0
      ? []
      : [`${count(dead, 'message')} marked ! could not be handled by the program; mesh read ID shows its error`]),
  ];
}
