import type { Finding } from './finding.ts';
import { minutes } from './folder-findings.ts';

export interface PeerClock {
  readonly petname: string;
  /** How far its clock is ahead of ours, in ms. */
  readonly offsetMs: number;
}

/** From here on signed requests of the one whose clock is ahead are refused (spec 4.1). */
const toleranceMs = 60_000;

const fixOwn =
  'Let the system set its clock: sudo timedatectl set-ntp true. Then restart the node: mesh down, mesh up --detach';

/**
 * The clock of this machine against those of its peers. Where most are off to one side, this one is wrong; otherwise those are. With a
 * single peer nobody knows.
 */
export function clockFindings(peers: readonly PeerClock[]): readonly Finding[] {
  const off = peers.filter(({ offsetMs }) => Math.abs(offsetMs) > toleranceMs);
  if (off.length === 0) return [];
  const sides = [off.filter(({ offsetMs }) => offsetMs > 0), off.filter(({ offsetMs }) => offsetMs < 0)];
  const most = sides.find((side) => side.length * 2 > peers.length) ?? [];
  const isOurs = most.length > 0;
  const middle = median(most.map(({ offsetMs }) => offsetMs));
  if (isOurs && peers.length > 1) {
    return [
      {
        check: 'clock',
        severity: 'error',
        message: `The clock of this machine is ${minutes(Math.abs(middle))} ${middle > 0 ? 'behind' : 'ahead of'} ${middle > 0 ? '' : 'that of '}its peers`,
        meaning: 'Messages live too long or end too early, and contact requests and invites are refused.',
        fix: fixOwn,
      },
    ];
  }
  return off.map(({ petname, offsetMs }) => ({
    check: 'clock',
    severity: 'warning',
    message: `The clock of ${petname} is ${minutes(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead of' : 'behind'} that of this machine`,
    meaning: 'One of the two is wrong: messages live too long or end too early.',
    fix: isOurs
      ? `Compare with another clock. If this machine is wrong: sudo timedatectl set-ntp true`
      : `Its owner should correct it; write to them: mesh send ${petname} "Your clock is wrong"`,
  }));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
