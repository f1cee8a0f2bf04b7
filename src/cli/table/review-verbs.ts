import type { SubverbSpec } from './verb-spec.ts';

const id = ['<id>', 'id of the message, or its beginning'] as const;
const digest = 'of what you looked at: mesh review show prints it';

export const reviewVerbs: readonly SubverbSpec[] = [
  {
    name: 'list',
    isDefault: true,
    summary: 'List messages that wait for you',
    options: [{ flags: '--limit <number>', about: 'at most so many (default 50)' }],
    load: async () => (await import('../verbs/review-list.ts')).reviewList,
  },
  {
    name: 'show',
    summary: 'Show one, what was seen, and its digest',
    args: [id],
    load: async () => (await import('../verbs/review-show.ts')).reviewShow,
  },
  {
    name: 'approve',
    summary: 'Let it go on: exactly what you looked at',
    args: [id],
    options: [{ flags: '--digest <hex>', about: digest }],
    load: async () => (await import('../verbs/review-approve.ts')).reviewApprove,
  },
  {
    name: 'deny',
    summary: 'Refuse it; who sent it hears so',
    args: [id],
    options: [{ flags: '--digest <hex>', about: digest }],
    load: async () => (await import('../verbs/review-deny.ts')).reviewDeny,
  },
];
