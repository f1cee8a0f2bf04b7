import type { OptionSpec, VerbSpec } from './verb-spec.ts';

const to: OptionSpec = { flags: '--to <name>', about: 'name, nickname or email prefix of the teammate, whole' };
const message: OptionSpec = { flags: '--message <text>', about: 'what to say; - reads it from stdin' };
const session: OptionSpec = { flags: '--session <name>', about: 'session of the gateway to speak in (default main)' };
const timeout: OptionSpec = { flags: '--timeout <seconds>', about: 'how long to wait for each reply (default 60)' };

export const teamVerbs: readonly VerbSpec[] = [
  {
    name: 'team',
    group: 'Team',
    summary: "Talk to teammates' OpenClaw agents",
    subverbs: [
      {
        name: 'list',
        isDefault: true,
        summary: 'Everybody in the registry, and who is online',
        load: async () => (await import('../verbs/team-list.ts')).teamList,
      },
      {
        name: 'whoami',
        summary: 'Who you are, what says so, and what is set up',
        load: async () => (await import('../verbs/team-whoami.ts')).teamWhoami,
      },
      {
        name: 'ping',
        summary: 'See whether a teammate can be reached',
        options: [to],
        examples: ['mesh team ping --to bob'],
        load: async () => (await import('../verbs/team-ping.ts')).teamPing,
      },
      {
        name: 'send',
        summary: 'Ask the agent of a teammate, wait for the reply',
        options: [
          to,
          message,
          session,
          { flags: '--rounds <number>', about: 'go on so often with what your own agent says to the reply' },
          timeout,
          { flags: '--dry-run', about: 'show what would be sent, and send nothing' },
        ],
        examples: [
          'mesh team send --to bob --message "is staging up?"',
          'mesh team send --to bob --message - --timeout 300 < question.txt',
          'mesh team send --to bob --message "find a slot for a review" --rounds 3',
        ],
        load: async () => (await import('../verbs/team-send.ts')).teamSend,
      },
      {
        name: 'reply',
        summary: 'Fetch the reply of a send that took too long',
        options: [to, { flags: '--run <id>', about: 'the run that send named' }, session, timeout],
        examples: ['mesh team reply --to bob --run msg_01a21aef-1ed9-7000-8000-015f6b2c8d81'],
        load: async () => (await import('../verbs/team-reply.ts')).teamReply,
      },
      {
        name: 'broadcast',
        summary: 'Ask the agents of all others, wait for all',
        options: [message, session, timeout, { flags: '--dry-run', about: 'list who would get it, and send nothing' }],
        examples: ['mesh team broadcast --message "deploy at 15:00, any objections?"'],
        load: async () => (await import('../verbs/team-broadcast.ts')).teamBroadcast,
      },
      {
        name: 'sync',
        summary: 'Fetch the registry from where the team keeps it',
        options: [
          { flags: '--url <url>', about: 'from there, over https' },
          { flags: '--file <path>', about: 'from a file, such as one of a git repository' },
          { flags: '--command <path>', about: 'from what this program prints' },
          { flags: '--dry-run', about: 'show what would change, and change nothing' },
          { flags: '--yes', about: 'without asking, also when tokens go to new addresses' },
        ],
        examples: [
          'mesh team sync --url https://example.com/registry.json --dry-run',
          'mesh team sync --file team/registry.json',
        ],
        load: async () => (await import('../verbs/team-sync.ts')).teamSync,
      },
    ],
    examples: [
      'mesh team whoami',
      'mesh team list',
      'mesh team send --to bob --message "is staging up?"',
      'mesh team broadcast --message "deploy at 15:00"',
      'mesh team send --help          what it takes',
    ],
  },
];
