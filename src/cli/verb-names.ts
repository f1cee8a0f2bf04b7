/** Every verb, so that hints can be told from prose that mentions a mesh. */
export const verbNames = [
  'init', 'agent', 'whoami', 'card', 'rotate-key',
  'scan', 'request', 'requests', 'approve', 'reject', 'invite', 'invites', 'join', 'peers', 'contact', 'rename', 'tier', 'block', 'remove',
  'verify',
  'send', 'ask', 'inbox', 'read', 'reply', 'outbox', 'track',
  'up', 'down', 'status', 'audit', 'events',
] as const;

export type VerbName = (typeof verbNames)[number];
