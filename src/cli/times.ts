/** Where the reader is in time: now in ms since 1970, and minutes east of UTC at a moment. */
export interface Moment {
  readonly now: number;
  offsetMinutes(at: number): number;
}

const steps: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** `3 min`, `2 d`: the largest unit that fits, rounded down; `0 s` for less than a second. */
export function span(ms: number): string {
  const [unit, size] = steps.find(([, step]) => ms >= step) ?? ['s', 1000];
  return `${Math.floor(ms / size)} ${unit}`;
}

/**
 * What is still to come is rounded up a little: what lasts a week ends in 7 days, not in 6, a moment after it began.
 */
const ahead = (ms: number): number => ms + Math.min(ms / 50, 60_000);

/** `just now`, `3 min ago`, `in 2 h`. */
export function relative(at: number, { now }: Moment): string {
  const ms = now - at;
  if (Math.abs(ms) < 2000) return 'just now';
  return ms > 0 ? `${span(ms)} ago` : `in ${span(ahead(-ms))}`;
}

/** `2026-11-21 08:30:12` in the reader's zone. */
export const absolute = (at: number, moment: Moment): string => precise(at, moment).slice(0, 19);

/** `2026-11-21 08:30:12.345`. */
export function precise(at: number, moment: Moment): string {
  const local = new Date(at + moment.offsetMinutes(at) * 60_000);
  return Number.isNaN(local.getTime()) ? String(at) : local.toISOString().replace('T', ' ').replace('Z', '');
}

/** `2026-11-21 08:30:12 (3 min ago)`. */
export function when(at: number, moment: Moment): string {
  return `${absolute(at, moment)} (${relative(at, moment)})`;
}

/** `412 ms`, `1.3 s`, `2 min`: how long something took. */
export function elapsed(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : span(ms);
}
