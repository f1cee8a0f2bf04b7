import { codeOf } from '#kernel';
import type { Card } from '#identity';
import { agentCards } from '../agent-files.ts';
import type { StateDir } from '../state-dir.ts';
import type { Finding } from './finding.ts';

const day = 86_400_000;
const soonMs = 14 * day;

/** Whether keys and cards are there and will be for a while; no key is opened. */
export function identityFindings(state: StateDir, now: number): readonly Finding[] {
  let cards: readonly { readonly card: Card }[];
  try {
    cards = agentCards(state);
  } catch (error) {
    return [
      {
        check: 'keys',
        severity: 'error',
        message: error instanceof Error ? error.message : codeOf(error),
        meaning: 'The node cannot start without its keys and card.',
        fix: 'Restore them from your last backup: mesh restore FILE --force (what is in the folder is set aside)',
      },
    ];
  }
  if (cards.length === 0) {
    return [
      {
        check: 'folder',
        severity: 'error',
        message: `${state.path} holds no agent`,
        meaning: 'There is nothing to run yet.',
        fix: 'mesh init --name NAME, or mesh restore FILE',
      },
    ];
  }
  return cards.flatMap(({ card }) => expiryFindings(card, now));
}

function expiryFindings({ name, devices, expiresAt }: Card, now: number): readonly Finding[] {
  const device = Math.max(...devices.map(({ notAfter }) => notAfter));
  return [
    ...(devices.length === 0 ? [] : expiry(`The device key of ${name}`, device, now)),
    ...expiry(`The card of ${name}`, expiresAt, now),
  ];
}

function expiry(what: string, at: number, now: number): readonly Finding[] {
  if (at - now > soonMs) return [];
  const isOver = at <= now;
  const days = Math.ceil((at - now) / day);
  return [
    {
      check: 'certificate',
      severity: isOver ? 'error' : 'warning',
      message: isOver ? `${what} has expired` : `${what} expires in ${days} ${days === 1 ? 'day' : 'days'}`,
      meaning: 'Peers take nothing under an expired key or card. A node that starts renews both by itself.',
      fix: 'mesh down, mesh up --detach',
    },
  ];
}
