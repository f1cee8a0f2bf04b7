import { deadVerbs } from './dead-verbs.ts';
import { reviewVerbs } from './review-verbs.ts';
import {
  type OptionSpec,
  outboxStateNames,
  priorityNames,
  typeNames,
  untilStateNames,
  type VerbSpec,
} from './verb-spec.ts';

const to = ['<to>', 'name, agent id or the beginning of the id'] as const;
const text = ['[text]', 'what to say; - reads it from stdin'] as const;
const id = ['<id>', 'id of the message, or its beginning'] as const;
const ttl: OptionSpec = {
  flags: '--ttl <duration>',
  about: 'give up after this time (default 7d, request 24h, alert 1h)',
};
const content: readonly OptionSpec[] = [
  { flags: '--subject <text>', about: 'one line, at most 200 characters' },
  { flags: '--metadata <json>', about: 'a JSON object for programs' },
  { flags: '--file <path>', about: 'attach a file of any size', repeat: true },
];
const addressed: readonly OptionSpec[] = [
  ...content,
  { flags: '--priority <priority>', about: 'high, normal or low', choices: priorityNames },
  ttl,
  { flags: '--idempotency-key <key>', about: 'the same key is sent only once within 24 h' },
  { flags: '--reply-to <id>', about: 'continue the conversation of this message' },
  { flags: '--turns <number>', about: 'turns of programs that may follow (default 64)' },
  { flags: '--hops <number>', about: 'how long a chain of messages may follow (default 8)' },
  { flags: '--tokens <number>', about: 'how many tokens those turns may use together (no bound)' },
  { flags: '--cost <dollars>', about: 'what they may cost together, in US dollars (no bound)' },
  { flags: '--caused-by <id>', about: 'take them from what this message may cause' },
];
const limit: OptionSpec = { flags: '--limit <number>', about: 'at most so many (default 50)' };

const file: OptionSpec = { flags: '--file <number>', about: 'only this one, as mesh read numbers them' };

export const messageVerbs: readonly VerbSpec[] = [
  {
    name: 'send',
    group: 'Messages',
    summary: 'Send a message; it is kept until delivered',
    args: [to, text],
    options: [
      { flags: '--type <type>', about: 'notification (default), request, alert, response, ack', choices: typeNames },
      ...addressed,
      { flags: '--dry-run', about: 'check everything, send nothing' },
    ],
    examples: ['mesh send bob "build 142 is green"', 'git log -5 | mesh send bob - --subject "last commits"'],
    load: async () => (await import('../verbs/send.ts')).send,
  },
  {
    name: 'ask',
    group: 'Messages',
    summary: 'Send a request and wait for its answer',
    args: [to, text],
    options: [{ flags: '--timeout <duration>', about: 'how long to wait (default 60s)' }, ...addressed],
    examples: ['mesh ask bob "which port does staging use?" --timeout 2m'],
    load: async () => (await import('../verbs/ask.ts')).ask,
  },
  {
    name: 'inbox',
    group: 'Messages',
    summary: 'List what has come in',
    options: [
      { flags: '--unread', about: 'only what nobody has read yet' },
      { flags: '--peer <contact>', about: 'only from this contact' },
      limit,
      { flags: '--follow', about: 'go on and show messages as they come' },
    ],
    load: async () => (await import('../verbs/inbox.ts')).inbox,
  },
  {
    name: 'read',
    group: 'Messages',
    summary: 'Show one message and mark it as read',
    args: [id],
    options: [{ flags: '--save <dir>', about: 'save its attachments here; nothing is overwritten' }],
    load: async () => (await import('../verbs/read.ts')).read,
  },
  {
    name: 'reply',
    group: 'Messages',
    summary: 'Answer a message',
    args: [id, text],
    options: content,
    load: async () => (await import('../verbs/reply.ts')).reply,
  },
  {
    name: 'outbox',
    group: 'Messages',
    summary: 'List what you sent and what became of it',
    options: [
      { flags: '--peer <contact>', about: 'only to this contact' },
      { flags: '--state <state>', about: `${outboxStateNames.slice(0, 6).join(', ')}, …`, choices: outboxStateNames },
      limit,
    ],
    load: async () => (await import('../verbs/outbox.ts')).outbox,
  },
  {
    name: 'track',
    group: 'Messages',
    summary: 'Show every step of a sent message',
    args: [id],
    options: [
      { flags: '--follow', about: 'go on and show steps as they come, up to the end' },
      { flags: '--until <state>', about: 'with --follow: end at this state', choices: untilStateNames },
    ],
    examples: ['mesh track msg_019bf001-0001 --follow', 'mesh track msg_019bf001-0001 --follow --until delivered'],
    load: async () => (await import('../verbs/track.ts')).track,
  },
  {
    name: 'files',
    group: 'Messages',
    summary: 'List files that came in and went out',
    subverbs: [
      {
        name: 'list',
        isDefault: true,
        summary: 'List files that came in and went out',
        options: [
          { flags: '--open', about: 'only those that are on their way' },
          { flags: '--peer <contact>', about: 'only from and to this contact' },
          limit,
          { flags: '--follow', about: 'go on and show how far they are' },
        ],
        load: async () => (await import('../verbs/files.ts')).files,
      },
      {
        name: 'remove',
        summary: 'Delete the files of a message; the message stays',
        args: [id],
        options: [file],
        load: async () => (await import('../verbs/files-remove.ts')).filesRemove,
      },
    ],
  },
  {
    name: 'save',
    group: 'Messages',
    summary: 'Save the files of a message',
    args: [id, ['<dir>', 'folder to save into']],
    options: [
      file,
      { flags: '--force', about: 'replace files of the same name instead of adding a number' },
      { flags: '--wait', about: 'wait until they are here' },
    ],
    examples: ['mesh save msg_019bf002-bbbb ~/Downloads'],
    load: async () => (await import('../verbs/save.ts')).save,
  },
  {
    name: 'cancel',
    group: 'Messages',
    summary: 'Take back a message that was not sent yet',
    args: [id],
    load: async () => (await import('../verbs/cancel.ts')).cancel,
  },
  {
    name: 'dead',
    group: 'Messages',
    summary: 'What was given up on: list, show, replay, purge',
    subverbs: deadVerbs,
    examples: [
      'mesh dead --peer bob',
      'mesh dead replay msg_019bf001-0001',
      'mesh dead replay --peer bob --reason EXPIRED',
      'mesh dead purge --older 7d',
    ],
  },
  {
    name: 'review',
    group: 'Messages',
    summary: 'What the guard keeps for you: list, show, decide',
    subverbs: reviewVerbs,
    examples: [
      'mesh review show msg_019bf001-0001',
      'mesh review approve msg_019bf001-0001 --digest 3f1c9a7be204',
      'mesh review deny msg_019bf001-0001',
    ],
  },
];
