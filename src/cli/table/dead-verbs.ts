import { boxNames, type OptionSpec, type SubverbSpec } from './verb-spec.ts';

const which: readonly OptionSpec[] = [
  { flags: '--peer <contact>', about: 'only to or from this contact' },
  { flags: '--reason <code>', about: 'only those that ended so: EXPIRED, UNREACHABLE, HANDLER_FAILED, …' },
  { flags: '--older <duration>', about: 'only those that are dead for longer: 7d, 24h' },
  { flags: '--box <box>', about: 'only what you sent (outbox), or what came in (inbox)', choices: boxNames },
];
const chosen: readonly OptionSpec[] = [...which, { flags: '--all', about: 'all of them' }];
const ids = ['[ids...]', 'ids of messages, or their beginnings'] as const;

export const deadVerbs: readonly SubverbSpec[] = [
  {
    name: 'list',
    isDefault: true,
    summary: 'List messages that were given up on',
    options: [...which, { flags: '--limit <number>', about: 'at most so many (default 50)' }],
    load: async () => (await import('../verbs/dead-list.ts')).deadList,
  },
  {
    name: 'show',
    summary: 'Show one with the steps of its way',
    args: [['<id>', 'id of the message, or its beginning']],
    load: async () => (await import('../verbs/dead-show.ts')).deadShow,
  },
  {
    name: 'replay',
    summary: 'Send again, or offer to the program again',
    args: [ids],
    options: chosen,
    load: async () => (await import('../verbs/dead-replay.ts')).deadReplay,
  },
  {
    name: 'purge',
    summary: 'Forget for good',
    args: [ids],
    options: [...chosen, { flags: '--yes', about: 'without asking' }],
    load: async () => (await import('../verbs/dead-purge.ts')).deadPurge,
  },
];
