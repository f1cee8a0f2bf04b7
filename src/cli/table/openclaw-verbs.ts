import type { VerbSpec } from './verb-spec.ts';

export const openclawVerbs: readonly VerbSpec[] = [
  {
    name: 'openclaw',
    group: 'Node',
    summary: 'Let an agent of an OpenClaw gateway answer',
    subverbs: [
      {
        name: 'list',
        isDefault: true,
        summary: 'List the agents that setup connected',
        load: async () => (await import('../verbs/openclaw-list.ts')).openclawList,
      },
      {
        name: 'setup',
        summary: 'Connect the OpenClaw gateway of this machine',
        options: [
          { flags: '--gateway-agent <id>', about: 'which agent of the gateway (default main)' },
          {
            flags: '--transport <way>',
            about: 'ws (default): its WebSocket; hooks: its HTTP hooks; plugin',
            choices: ['ws', 'hooks', 'plugin'],
          },
          { flags: '--config <file>', about: 'openclaw.json, if it is not where OpenClaw looks' },
          { flags: '--token-file <file>', about: 'holds the token of the gateway, if openclaw.json does not' },
          { flags: '--yes', about: 'without asking' },
          { flags: '--dry-run', about: 'only show what would be written' },
          { flags: '--restart', about: 'restart a node that runs, so that it takes it over' },
        ],
        load: async () => (await import('../verbs/openclaw-setup.ts')).openclawSetup,
      },
      {
        name: 'remove',
        summary: 'Undo what setup wrote',
        options: [
          { flags: '--yes', about: 'without asking' },
          { flags: '--dry-run', about: 'only show what would be undone' },
          { flags: '--restart', about: 'restart a node that runs, so that it takes it over' },
        ],
        load: async () => (await import('../verbs/openclaw-remove.ts')).openclawRemove,
      },
    ],
    examples: [
      'mesh openclaw setup --dry-run',
      'mesh openclaw setup --agent alice --gateway-agent main',
      'mesh openclaw setup --transport plugin',
      'mesh openclaw setup --transport hooks',
      'mesh openclaw remove',
    ],
  },
];
