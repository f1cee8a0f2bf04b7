import { tierNames, type VerbSpec } from './verb-spec.ts';

const contact = ['<contact>', 'name, agent id or the beginning of the id'] as const;

export const contactVerbs: readonly VerbSpec[] = [
  {
    name: 'peers',
    group: 'Contacts',
    summary: 'List contacts with state and connection',
    options: [{ flags: '--all', about: 'also discovered, rejected and removed ones' }],
    load: async () => (await import('../verbs/peers.ts')).peers,
  },
  {
    name: 'contact',
    group: 'Contacts',
    summary: 'Show everything about one contact',
    args: [contact],
    load: async () => (await import('../verbs/contact.ts')).contact,
  },
  {
    name: 'request',
    group: 'Contacts',
    summary: 'Ask another agent to become a peer',
    args: [['<target>', 'URL of its node, NAME@HUB, or a file with its card (- is stdin)']],
    options: [
      { flags: '--purpose <text>', about: 'why, for the person who decides (at most 500 characters)' },
      { flags: '--as <name>', about: 'what to call the contact here' },
      { flags: '--to <agent>', about: 'which agent, when the node hosts several' },
    ],
    examples: [
      'mesh request http://10.0.0.7:8787 --purpose "shared build alerts"',
      'mesh request bob@teamhub',
      'mesh request bob-card.json',
    ],
    load: async () => (await import('../verbs/request.ts')).request,
  },
  {
    name: 'requests',
    group: 'Contacts',
    summary: 'List contact requests that wait',
    load: async () => (await import('../verbs/requests.ts')).requests,
  },
  {
    name: 'approve',
    group: 'Contacts',
    summary: 'Approve a request, or a changed key',
    args: [['<id>', 'id of the request, or name of the contact']],
    options: [
      { flags: '--as <name>', about: 'what to call the contact here' },
      { flags: '--tier <tier>', about: 'what it may do (default bounded)', choices: tierNames },
      { flags: '--keep-key', about: 'of a changed contact: go on with the old key' },
    ],
    load: async () => (await import('../verbs/approve.ts')).approve,
  },
  {
    name: 'reject',
    group: 'Contacts',
    summary: 'Reject a request; the asker is told nothing',
    args: [['<id>', 'id of the request, or name of the asker']],
    options: [{ flags: '--block', about: 'also refuse whatever it sends later' }],
    load: async () => (await import('../verbs/reject.ts')).reject,
  },
  {
    name: 'scan',
    group: 'Contacts',
    summary: 'Find nodes at addresses or on the local network',
    args: [['[urls...]', 'addresses such as http://10.0.0.7:8787 or 10.0.0.7']],
    options: [
      { flags: '--lan', about: 'those of the local network that run with mesh up --lan' },
      { flags: '--template <url>', about: "addresses with a range: 'http://10.0.0.{1..254}:8787'" },
      { flags: '--range <cidr>', about: 'all hosts of a network, such as 10.0.0.0/24' },
      { flags: '--port <number>', about: 'port for --range and bare addresses (default 8787)' },
      { flags: '--timeout <duration>', about: 'wait so long for each address (5s), or for answers (3s)' },
    ],
    examples: [
      'mesh scan --lan',
      'mesh scan 10.0.0.7',
      'mesh scan --range 10.0.0.0/24',
      "mesh scan --template 'http://10.0.0.{1..20}:8787'",
    ],
    load: async () => (await import('../verbs/scan.ts')).scan,
  },
  {
    name: 'verify',
    group: 'Contacts',
    summary: 'Compare the safety number with its owner',
    args: [contact, ['[number...]', 'what the other person reads to you: 12 groups of 5 digits']],
    options: [{ flags: '--yes', about: 'you have compared it: mark it without asking' }],
    load: async () => (await import('../verbs/verify.ts')).verify,
  },
  {
    name: 'rename',
    group: 'Contacts',
    summary: 'Change what you call a contact',
    args: [contact, ['<name>', 'the new name']],
    load: async () => (await import('../verbs/rename.ts')).rename,
  },
  {
    name: 'tier',
    group: 'Contacts',
    summary: 'Set what a contact may do',
    args: [contact, ['<tier>', tierNames.join(', ')]],
    options: [
      { flags: '--types <list>', about: 'only these message types: request,notification,…' },
      { flags: '--max-attachment <size>', about: 'largest attachment it may send, such as 16KB' },
    ],
    load: async () => (await import('../verbs/tier.ts')).tier,
  },
  {
    name: 'block',
    group: 'Contacts',
    summary: 'Refuse everything from a contact',
    args: [contact],
    load: async () => (await import('../verbs/block.ts')).block,
  },
  {
    name: 'remove',
    group: 'Contacts',
    summary: 'Forget a contact; what waits for it is cancelled',
    args: [contact],
    load: async () => (await import('../verbs/remove.ts')).remove,
  },
  {
    name: 'invites',
    group: 'Contacts',
    summary: 'List invites: open, used, expired',
    load: async () => (await import('../verbs/invites.ts')).invites,
  },
];
