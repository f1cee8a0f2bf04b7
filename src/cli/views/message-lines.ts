import type { Paint } from '../paint.ts';
import { shortIds } from '../short-id.ts';
import { fields, table } from '../table.ts';
import { jsonText, visible, visibleBlock } from '../terminal-text.ts';
import { precise, relative, when } from '../times.ts';
import { budgetLine } from './budget-line.ts';
import { seenLine, sourceLines } from './guard-lines.ts';
import { fileWord } from './file-lines.ts';
import type { MessageView, OutboxView, Step, Tracked } from './types.ts';
import { firstLine, outboxColour, shown, size } from './words.ts';

/** One line a message, oldest first, unread ones bright. */
export function inboxTable(messages: readonly MessageView[], paint: Paint): readonly string[] {
  const short = shortIds(messages.map(({ id }) => id));
  return table(
    [
      { title: '', cell: (message) => inboxMark(message), paint: (text) => paint.colour('cyan', text) },
      { title: 'ID', cell: ({ id }) => short(id), paint: (text) => paint.colour('dim', text) },
      { title: 'FROM', cell: ({ peer }) => visible(peer), shrinkTo: 8 },
      { title: 'TYPE', cell: ({ type }) => type },
      { title: 'RECEIVED', cell: ({ receivedAt }) => relative(receivedAt, paint) },
      { title: 'MESSAGE', cell: (message) => summaryOf(message), shrinkTo: 12 },
    ],
    messages,
    paint,
  );
}

function inboxMark({ state, readAt, answerId }: MessageView): string {
  if (state === 'dead') return '!';
  if (state === 'review') return '?';
  if (answerId !== undefined) return '↩';
  return readAt === undefined && state === 'new' ? '•' : '';
}

export function summaryOf({
  subject,
  body,
  attachments,
}: Pick<MessageView, 'subject' | 'body' | 'attachments'>): string {
  const text = subject === undefined ? firstLine(body) : visible(subject);
  const files = attachments.length === 0 ? '' : `[${attachments.length} attached]`;
  return [text, files].filter((part) => part !== '').join(' ');
}

/** A whole message: facts, then the text, indented so that it cannot pass for words of this program. */
export function messageLines(message: MessageView, paint: Paint): readonly string[] {
  const { metadata, correlationId, error, budget, left } = message;
  return [
    ...fields(
      [
        ['message', message.id],
        ['from', paint.colour('bold', visible(message.peer))],
        ['type', message.priority === 'normal' ? message.type : `${message.type}, ${message.priority} priority`],
        ['sent', when(message.timestamp, paint)],
        ['received', when(message.receivedAt, paint)],
        ['budget', budget && budgetLine(budget, left)],
        ['because of', sourceLines(message.sources)],
        ['the guard saw', seenLine(message.guard)],
        ['answers', correlationId],
        ['answered by', message.answerId],
        ['state', openState(message, paint)],
        ['error', error === undefined ? undefined : visibleBlock(error.trimEnd())],
        ['subject', shown(message.subject)],
        ['metadata', metadata === undefined ? undefined : jsonText(metadata)],
        ['attached', attachedLines(message)],
      ],
      paint,
    ),
    ...(message.body === '' ? [] : ['', ...bodyLines(message.body)]),
  ];
}

function openState(message: MessageView, paint: Paint): string | undefined {
  if (message.state === 'review') return paint.colour('yellow', 'waits for your review');
  return message.state === 'dead' ? paint.colour('red', givenUp(message)) : undefined;
}

/** Without an attempt when what belongs to it did not come. */
const givenUp = ({ attempts }: MessageView): string =>
  attempts === 0 ? 'given up' : `given up after ${attempts} attempts`;

export function bodyLines(body: string): readonly string[] {
  return visibleBlock(body.replace(/\n+$/, ''))
    .split('\n')
    .map((line) => `  ${line}`.trimEnd());
}

/** A line each; undefined when there is nothing. */
export const attachedLines = ({ attachments }: Pick<MessageView, 'attachments'>): string | undefined =>
  attachments.length === 0 ? undefined : attachments.map(attachmentLine).join('\n');

function attachmentLine(attachment: MessageView['attachments'][number], index: number): string {
  const facts = [
    attachment.mediaType,
    attachment.size === undefined ? undefined : size(attachment.size),
    attachment.url,
    attachment.file === undefined ? undefined : fileWord({ ...attachment.file, size: attachment.size ?? 0 }),
  ];
  const about = facts
    .filter((fact) => fact !== undefined)
    .map(visible)
    .join(', ');
  return `${index + 1}. ${visible(attachment.name)}${about === '' ? '' : ` (${about})`}`;
}

/** One line a sent message with what became of it. */
export function outboxTable(messages: readonly OutboxView[], paint: Paint): readonly string[] {
  const short = shortIds(messages.map(({ id }) => id));
  return table(
    [
      { title: 'ID', cell: ({ id }) => short(id), paint: (text) => paint.colour('dim', text) },
      { title: 'TO', cell: ({ peer }) => visible(peer), shrinkTo: 8 },
      { title: 'STATE', cell: stateOf, paint: (text, { state }) => paint.colour(outboxColour(state), text) },
      { title: 'CREATED', cell: ({ createdAt }) => relative(createdAt, paint) },
      { title: 'MESSAGE', cell: (message) => summaryOf(message), shrinkTo: 12 },
    ],
    messages,
    paint,
  );
}

const stateOf = ({ state, reason }: OutboxView): string => (reason === undefined ? state : `${state} ${reason}`);

/** A sent message and each step of its way: when, what, and who said so. */
export function trackLines(message: Tracked, paint: Paint): readonly string[] {
  return [...trackFacts(message, paint), '', ...stepTable(message.steps, paint)];
}

export function trackFacts(message: Tracked, paint: Paint): readonly string[] {
  const { attempts, answerId, state, budget } = message;
  const isUnderWay = state === 'queued' || state === 'sent' || state === 'dead';
  return fields(
    [
      ['message', message.id],
      ['to', paint.colour('bold', visible(message.peer))],
      ['type', message.type],
      ['subject', shown(message.subject)],
      ['state', paint.colour(outboxColour(state), stateOf(message))],
      ['waits', waitsLine(message, paint)],
      ['attempts', attempts > 1 ? String(attempts) : undefined],
      ['budget', budget && budgetLine(budget)],
      ['because of', sourceLines(message.sources)],
      ['the guard saw', seenLine(message.guard)],
      ['answer', answerId],
      ['files', filesOf(message)],
      ['says again', message.replayOf],
      ['said again by', message.replayedBy],
      ['expires', isUnderWay ? when(message.expiresAt, paint) : undefined],
    ],
    paint,
  );
}

/** Why it does not go on, and when it is tried again. */
function waitsLine({ waits }: Tracked, paint: Paint): string | undefined {
  if (waits === undefined) return undefined;
  const { until } = waits;
  const isSoon = until !== undefined && until - paint.now < 2000;
  const again =
    until === undefined || until <= paint.now ? '' : ` Next try ${isSoon ? 'now' : relative(until, paint)}.`;
  return `${visible(waits.message)} (${visible(waits.code)}).${again}`;
}

const proofWords: Readonly<Record<Step['proof'], string>> = { local: '', receipt: ', receipt', link: ', on the link' };

export function stepTable(steps: readonly Step[], paint: Paint): readonly string[] {
  return table(
    [
      { title: 'WHEN', cell: ({ at }) => precise(at, paint) },
      { title: 'STEP', cell: ({ state }) => visible(state) },
      { title: 'SAID BY', cell: saidBy },
      { title: 'HOW', cell: stepNote, shrinkTo: 10 },
    ],
    steps,
    paint,
  );
}

/** How far the files beside the message are, as the receiver says. */
function filesOf({ attachments }: Tracked): string | undefined {
  const lines = attachments.flatMap(({ name, size: bytes = 0, file }) =>
    file === undefined ? [] : `${visible(name)}: ${fileWord({ ...file, size: bytes })}`,
  );
  return lines.length === 0 ? undefined : lines.join('\n');
}

/** One step as it comes. */
export function stepLine(step: Step, paint: Paint): string {
  const parts = [precise(step.at, paint), visible(step.state).padEnd(12), saidBy(step).padEnd(17), stepNote(step)];
  return parts.join('  ').trimEnd();
}

const saidBy = ({ by, proof }: Step): string => by + proofWords[proof];

/** The whole id of an answer stands above. */
const shortId = (note: string): string => (/^msg_[0-9a-f-]{36}$/.test(note) ? shortIds([note])(note) : note);

function stepNote({ route, attempt, note }: Step): string {
  const tried = attempt === undefined ? undefined : `attempt ${attempt}`;
  const parts = [route, tried, note === undefined ? undefined : shortId(note)];
  return parts
    .filter((part) => part !== undefined)
    .map(visible)
    .join(', ');
}
