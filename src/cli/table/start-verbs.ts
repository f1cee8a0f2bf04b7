import { tierNames, type VerbSpec } from './verb-spec.ts';

export const startVerbs: readonly VerbSpec[] = [
  {
    name: 'init',
    group: 'Start',
    summary: 'Create your agent: keys, id and card',
    options: [
      { flags: '--name <name>', about: 'name that others see: a-z 0-9 . _ -' },
      { flags: '--display-name <text>', about: 'longer name for people' },
      { flags: '--port <number>', about: 'port for other nodes, kept in mesh.toml (default 8787)' },
      { flags: '--endpoint <url>', about: 'address at which others reach this node' },
      { flags: '--force', about: 'replace an existing identity (it is set aside)' },
    ],
    examples: ['mesh init --name alice', 'mesh init --name alice --endpoint http://alice.example:8787'],
    load: async () => (await import('../verbs/init.ts')).init,
  },
  {
    name: 'up',
    group: 'Start',
    summary: 'Start the node',
    options: [
      { flags: '--host <address>', about: 'listen here for other nodes (default 0.0.0.0)' },
      { flags: '--port <number>', about: 'port for other nodes (default 8787)' },
      { flags: '--api-port <number>', about: 'port of the local API (default 8788)' },
      { flags: '--endpoint <url>', about: 'address at which others reach this node' },
      { flags: '--lan', about: 'let others on the local network find this node' },
      { flags: '--relay', about: 'keep messages for those whom the agents trust while they are away' },
      { flags: '--take-over', about: 'speak for the agent again after it was restored elsewhere' },
      { flags: '--detach', about: 'return when it is ready and leave it running' },
      { flags: '--report-ready', about: 'tell the parent process', hidden: true },
    ],
    examples: ['mesh up --detach', 'mesh up --port 9000 --endpoint https://mesh.example'],
    load: async () => (await import('../verbs/up.ts')).up,
  },
  {
    name: 'whoami',
    group: 'Start',
    summary: 'Show your agent: id, fingerprint, addresses',
    load: async () => (await import('../verbs/whoami.ts')).whoami,
  },
  {
    name: 'invite',
    group: 'Start',
    summary: 'Make a one-use invite for another agent',
    options: [
      { flags: '--expires <duration>', about: 'how long it is valid (default 24h)' },
      { flags: '--tier <tier>', about: 'what the guest may do (default bounded)', choices: tierNames },
    ],
    examples: ['mesh invite', 'mesh invite --expires 7d --tier trusted'],
    load: async () => (await import('../verbs/invite.ts')).invite,
  },
  {
    name: 'join',
    group: 'Start',
    summary: 'Accept an invite: both become peers',
    args: [['<invite>', 'the whole string that begins with mesh:']],
    options: [
      { flags: '--as <name>', about: 'what to call the contact here' },
      { flags: '--tier <tier>', about: 'what the contact may do (default bounded)', choices: tierNames },
      { flags: '--wait <duration>', about: 'how long to wait for the other side (default 10s)' },
    ],
    load: async () => (await import('../verbs/join.ts')).join,
  },
];
