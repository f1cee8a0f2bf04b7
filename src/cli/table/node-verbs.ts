import { type OptionSpec, type VerbSpec } from './verb-spec.ts';

const period: readonly OptionSpec[] = [
  { flags: '--kind <kind>', about: 'only this kind, such as contact.trusted' },
  { flags: '--since <time>', about: 'from then on: 24h, 7d or 2026-01-31' },
  { flags: '--until <time>', about: 'up to then' },
];

export const nodeVerbs: readonly VerbSpec[] = [
  {
    name: 'status',
    group: 'Node',
    summary: 'How the node, its peers and queues are doing',
    load: async () => (await import('../verbs/status.ts')).status,
  },
  {
    name: 'pause',
    group: 'Node',
    summary: 'Stop all that programs do by themselves',
    options: [{ flags: '--reason <text>', about: 'shown to whoever asks why' }],
    examples: ['mesh pause --reason "a loop with bob"', 'mesh pause --agent robot'],
    load: async () => (await import('../verbs/pause.ts')).pause,
  },
  {
    name: 'resume',
    group: 'Node',
    summary: 'Let programs go on with what waited',
    load: async () => (await import('../verbs/resume.ts')).resume,
  },
  {
    name: 'down',
    group: 'Node',
    summary: 'Stop the node; what is queued stays queued',
    load: async () => (await import('../verbs/down.ts')).down,
  },
  {
    name: 'doctor',
    group: 'Node',
    summary: 'Find out what is wrong, and what to do',
    load: async () => (await import('../verbs/doctor.ts')).doctor,
  },
  {
    name: 'backup',
    group: 'Node',
    summary: 'Save everything in one encrypted file',
    args: [['<file>', 'where to; --passphrase-file names its passphrase, else it is asked for']],
    options: [{ flags: '--force', about: 'replace a file that is there' }],
    examples: ['mesh backup alice.backup', 'mesh backup /media/stick/alice.backup --passphrase-file backup-passphrase'],
    load: async () => (await import('../verbs/backup.ts')).backup,
  },
  {
    name: 'restore',
    group: 'Node',
    summary: 'Make a state folder from a backup',
    args: [['<file>', 'the backup; --passphrase-file names its passphrase, else it is asked for']],
    options: [
      { flags: '--force', about: 'set aside what is in the state folder' },
      { flags: '--check', about: 'only prove the file and show what is in it' },
    ],
    examples: ['mesh restore alice.backup --check', 'mesh restore alice.backup --state-dir ~/alice'],
    load: async () => (await import('../verbs/restore.ts')).restore,
  },
  {
    name: 'agent',
    group: 'Node',
    summary: 'List the agents of this node, or add one',
    subverbs: [
      {
        name: 'list',
        isDefault: true,
        summary: 'List the agents of this node',
        load: async () => (await import('../verbs/agent-list.ts')).agentList,
      },
      {
        name: 'add',
        summary: 'Add an agent to this node',
        args: [['<name>', 'its name: a-z 0-9 . _ -']],
        options: [{ flags: '--display-name <text>', about: 'longer name for people' }],
        load: async () => (await import('../verbs/agent-add.ts')).agentAdd,
      },
    ],
  },
  {
    name: 'events',
    group: 'Node',
    summary: 'Show what happens as it happens',
    options: [{ flags: '--type <type>', about: 'only these, such as message.received', repeat: true }],
    load: async () => (await import('../verbs/events.ts')).events,
  },
  {
    name: 'hub',
    group: 'Node',
    summary: 'Run a hub for agents that are away',
    subverbs: [
      {
        name: 'run',
        isDefault: true,
        summary: 'Run a hub here until Ctrl-C',
        options: [
          { flags: '--host <address>', about: 'listen there (default 127.0.0.1)' },
          { flags: '--port <number>', about: 'default 7700; 0 for any free one' },
          { flags: '--name <name>', about: 'what the hub is called (default hub)' },
          { flags: '--url <url>', about: 'where agents reach it, if not where it listens' },
          {
            flags: '--admission <kind>',
            about: 'who may join: open, invite or allowlist',
            choices: ['open', 'invite', 'allowlist'],
          },
          { flags: '--store <store>', about: 'where it keeps everything: sqlite (default) or nats://HOST:4222[,…]' },
        ],
        load: async () => (await import('../verbs/hub-run.ts')).hubRun,
      },
      {
        name: 'admin',
        summary: 'See and change what a hub on this machine keeps',
        args: [
          ['<what>', 'agents, mailboxes, invites, limits or evict'],
          ['[agent]', 'for evict: name or id'],
        ],
        options: [
          { flags: '--new', about: 'invites: make one' },
          { flags: '--note <text>', about: 'invites --new: for whom, shown in the list' },
          { flags: '--expires <duration>', about: 'invites --new: valid so long (default 7d)' },
          { flags: '--revoke <id>', about: 'invites: take back one that is unused' },
          { flags: '--yes', about: 'evict: without asking' },
        ],
        load: async () => (await import('../verbs/hub-admin.ts')).hubAdmin,
      },
    ],
    examples: [
      'mesh hub',
      'mesh hub run --help             what it takes',
      'mesh hub --host 0.0.0.0 --url https://hub.example',
      'mesh hub admin invites --new --note "for Bob"',
      'mesh hub admin evict mallory',
    ],
  },
  {
    name: 'card',
    group: 'Advanced',
    summary: 'Print your signed card, or verify another',
    subverbs: [
      {
        name: 'show',
        isDefault: true,
        summary: 'Print your signed card',
        load: async () => (await import('../verbs/card.ts')).card,
      },
      {
        name: 'verify',
        summary: 'Check a card: signature, id, age',
        args: [['<file>', 'the card as JSON; - reads it from stdin']],
        load: async () => (await import('../verbs/card-verify.ts')).cardVerify,
      },
    ],
    examples: ['mesh card > alice-card.json', 'mesh card verify bob-card.json'],
  },
  {
    name: 'rotate-key',
    group: 'Advanced',
    summary: 'Replace your root key; peers follow',
    options: [{ flags: '--yes', about: 'without asking' }],
    load: async () => (await import('../verbs/rotate-key.ts')).rotateKey,
  },
  {
    name: 'audit',
    group: 'Advanced',
    summary: 'List, verify or export the tamper-evident log',
    subverbs: [
      {
        name: 'list',
        isDefault: true,
        summary: 'List the latest entries',
        options: [...period, { flags: '--limit <number>', about: 'at most so many (default 50)' }],
        load: async () => (await import('../verbs/audit-list.ts')).auditList,
      },
      {
        name: 'verify',
        summary: 'Check that no entry was changed or removed',
        load: async () => (await import('../verbs/audit-verify.ts')).auditVerify,
      },
      {
        name: 'export',
        summary: 'Print all entries as CSV or JSON',
        options: [{ flags: '--format <format>', about: 'csv (default) or json', choices: ['csv', 'json'] }, ...period],
        load: async () => (await import('../verbs/audit-export.ts')).auditExport,
      },
    ],
    examples: ['mesh audit --since 24h', 'mesh audit export --format csv > audit.csv'],
  },
];
