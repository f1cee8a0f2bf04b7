import type { Colour, Paint } from '../paint.ts';
import { visible } from '../terminal-text.ts';
import { elapsed, relative } from '../times.ts';
import type { ContactView, OutboxView } from './types.ts';

/** `1 message`, `3 messages`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

const units = [
  ['GB', 1024 ** 3, 10 * 1024 ** 3],
  ['MB', 1024 ** 2, 1024 ** 2],
  ['KB', 1024, 1024],
] as const;

/** 1 536 bytes as `1.5 KB`; gigabytes from ten on. */
export function size(bytes: number): string {
  const [unit, factor] = unitOf(bytes);
  return `${tenths(bytes / factor)} ${unit}`;
}

/** How much of a file: `312 of 1024 MB`. */
export function progressOf(have: number, bytes: number): string {
  const [unit, factor] = unitOf(bytes);
  return `${tenths(have / factor)} of ${tenths(bytes / factor)} ${unit}`;
}

function unitOf(bytes: number): readonly [unit: string, bytes: number] {
  const found = units.find(([, , from]) => bytes >= from);
  return found === undefined ? ['B', 1] : [found[0], found[1]];
}

const tenths = (value: number): string => (value < 10 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0));

const contactColours: Readonly<Record<ContactView['state'], Colour>> = {
  discovered: 'dim',
  'requested-out': 'yellow',
  'requested-in': 'yellow',
  trusted: 'green',
  changed: 'red',
  blocked: 'red',
  removed: 'dim',
  rejected: 'dim',
};

export const contactColour = (state: ContactView['state']): Colour => contactColours[state];

const outboxColours: Readonly<Record<OutboxView['state'], Colour>> = {
  review: 'yellow',
  queued: 'yellow',
  sent: 'yellow',
  stored: 'yellow',
  delivered: 'green',
  seen: 'green',
  answered: 'green',
  refused: 'red',
  expired: 'red',
  dead: 'red',
  cancelled: 'dim',
};

export const outboxColour = (state: OutboxView['state']): Colour => outboxColours[state];

/** `up 3 ms`, `down`, `retry in 40 s`: the connection to a contact in one word or two. */
export function linkWord(contact: ContactView, paint: Paint): string {
  if (contact.link === 'up') {
    // A hub answers for itself: whether the peer is there, its answers tell.
    const way = contact.route?.startsWith('hub ') === true ? 'by hub' : 'up';
    return contact.latencyMs === undefined ? way : `${way} ${elapsed(contact.latencyMs)}`;
  }
  if (contact.state !== 'trusted') return '';
  const waits = contact.breaker === 'open' && contact.retryAt !== undefined && contact.retryAt > paint.now;
  return waits ? `retry ${relative(contact.retryAt, paint)}` : 'down';
}

/** What waits for a contact: `2 waiting`, `1 in flight`. */
export function queueWord({ waiting, inFlight }: ContactView): string {
  const parts = [waiting > 0 ? `${waiting} waiting` : '', inFlight > 0 ? `${inFlight} in flight` : ''];
  return parts.filter((part) => part !== '').join(', ');
}

/** The first line of a text, safe, in quotes of no kind. */
export function firstLine(text: string): string {
  const line = text.split('\n').find((one) => one.trim() !== '') ?? '';
  return visible(line.trim());
}

/** Optional text of others, safe. */
export const shown = (text: string | undefined): string | undefined => (text === undefined ? undefined : visible(text));
