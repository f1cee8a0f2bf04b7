import { MeshError } from '#kernel';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
};

/** `24h`, `30m`, `60s`, `7d`, `1h30m` in ms. Throws INVALID_ARGUMENT that names the option. */
export function parseDuration(text: string, option: string): number {
  const clean = text.trim().toLowerCase();
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/.test(clean)) throw notDuration(text, option);
  const parts = clean.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g);
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ''] ?? 0), 0);
  const ms = Math.round(total);
  if (ms <= 0 || !Number.isSafeInteger(ms)) throw notDuration(text, option);
  return ms;
}

function notDuration(text: string, option: string): MeshError {
  const number = text.trim();
  const bare = /^\d+$/.test(number) ? ` Is it ${number}s, ${number}m or ${number}h?` : '';
  return new MeshError('INVALID_ARGUMENT', `${option}: ${JSON.stringify(text)} is not a duration`, {
    hint: `Write a number with a unit, such as 60s, 30m, 24h or 7d.${bare}`,
  });
}

/** `64KB`, `10k`, `2mb`, `4096` in bytes. Throws INVALID_ARGUMENT that names the option. */
export function parseSize(text: string, option: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(b|kb?|mb?|gb?|)$/i.exec(text.trim()) ?? [];
  if (amount === undefined) {
    throw new MeshError('INVALID_ARGUMENT', `${option}: ${JSON.stringify(text)} is not a size`, {
      hint: 'Write a number of bytes, or one with a unit, such as 4096, 64KB or 1.5GB.',
    });
  }
  return Math.round(Number(amount) * (unitBytes[(unit ?? '').toLowerCase()] ?? 1));
}

/** A moment in ms since 1970: `24h` is that long before `now`, else an ISO date or time. Throws INVALID_ARGUMENT. */
export function parseMoment(text: string, option: string, now: number): number {
  if (/^[\d.]+(ms|[smhdw])/i.test(text.trim())) return now - parseDuration(text, option);
  const at = /^\d{4}-\d{2}-\d{2}/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (Number.isNaN(at)) {
    throw new MeshError('INVALID_ARGUMENT', `${option}: ${JSON.stringify(text)} is not a time`, {
      hint: 'Write how long ago (24h, 7d) or a date (2026-01-31, 2026-01-31T08:30).',
    });
  }
  return at;
}
