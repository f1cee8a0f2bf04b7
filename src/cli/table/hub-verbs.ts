import type { VerbSpec } from './verb-spec.ts';

const hub = ['<hub>', 'name, URL or id of the hub'] as const;

export const hubVerbs: readonly VerbSpec[] = [
  {
    name: 'hub-join',
    group: 'Hubs and routes',
    summary: 'Let a hub keep messages while you are away',
    args: [['<target>', 'URL of the hub, an invite of its owner (mesh-hub:…), or a contact']],
    options: [
      { flags: '--invite <invite>', about: 'the invite, when you give the URL' },
      { flags: '--relay', about: 'the node of this contact, which runs with mesh up --relay' },
    ],
    examples: [
      'mesh hub-join http://10.0.0.9:7700',
      'mesh hub-join mesh-hub:pGNodWJ4OGRpZDprZXk…',
      'mesh hub-join bob --relay',
    ],
    load: async () => (await import('../verbs/hub-join.ts')).hubJoin,
  },
  {
    name: 'hub-leave',
    group: 'Hubs and routes',
    summary: 'Use the mailbox at a hub no more',
    args: [hub],
    load: async () => (await import('../verbs/hub-leave.ts')).hubLeave,
  },
  {
    name: 'hubs',
    group: 'Hubs and routes',
    summary: 'List the hubs that keep your mailbox',
    load: async () => (await import('../verbs/hubs.ts')).hubs,
  },
  {
    name: 'directory',
    group: 'Hubs and routes',
    summary: 'Find agents that your hubs list',
    options: [
      { flags: '--search <text>', about: 'part of a name or description' },
      { flags: '--capability <id>', about: 'only those that offer it' },
      { flags: '--hub <hub>', about: 'only of this one' },
    ],
    examples: ['mesh directory --search bob', 'mesh directory --capability code.review'],
    load: async () => (await import('../verbs/directory.ts')).directory,
  },
  {
    name: 'routes',
    group: 'Hubs and routes',
    summary: 'Show the ways to a contact, or to all peers',
    args: [['[contact]', 'name, agent id or the beginning of the id']],
    load: async () => (await import('../verbs/routes.ts')).routes,
  },
  {
    name: 'probe',
    group: 'Hubs and routes',
    summary: 'Try all ways to a contact; wakes no agent',
    args: [['[contact]', 'name, agent id or the beginning of the id']],
    load: async () => (await import('../verbs/routes.ts')).probe,
  },
];
