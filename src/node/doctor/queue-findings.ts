import { type ErrorCode, errorTable } from '#kernel';
import type { Finding } from './finding.ts';
import { minutes } from './folder-findings.ts';

export interface PeerQueue {
  readonly petname: string;
  readonly link: 'up' | 'down';
  readonly breaker: 'closed' | 'open' | 'half-open';
  readonly retryAt?: number;
  readonly lastError?: { readonly code: ErrorCode; readonly message: string };
  readonly waiting: number;
  readonly inFlight: number;
  readonly oldestAt?: number;
  /** It asked for a pause. */
  readonly held?: { readonly code: ErrorCode };
}

const stuckMs = 10 * 60_000;

/** What waits for a peer longer than it should, and why. */
export function queueFindings(peer: PeerQueue, now: number): readonly Finding[] {
  const { petname, waiting, inFlight, oldestAt, breaker, link, lastError } = peer;
  if (lastError?.code === 'UNSUPPORTED_VERSION') return [versionFinding(petname)];
  if (waiting + inFlight === 0) return [];
  if (peer.held !== undefined) return [heldFinding(peer, peer.held.code)];
  const waitedMs = now - (oldestAt ?? now);
  if (breaker !== 'open' && waitedMs < stuckMs) return [];
  const count = `${waiting} ${waiting === 1 ? 'message waits' : 'messages wait'} for ${petname}${inFlight === 0 ? '' : ` and ${inFlight} sealed frames are not acknowledged`}`;
  const since = `, the oldest for ${minutes(waitedMs)}`;
  const reason = lastError === undefined ? '' : `: ${lastError.message} (${lastError.code})`;
  return [
    {
      check: 'queue',
      severity: 'warning',
      message: `${count}${since}${link === 'up' ? ', although it is connected' : reason}`,
      meaning:
        breaker === 'open'
          ? 'It failed several times in a row and is left alone for a while. Nothing is lost: messages are sent when it is back, until their time to live is over.'
          : 'Nothing is lost: messages are sent when it can take them, until their time to live is over.',
      fix: fixOf(petname, { link, code: lastError?.code }),
    },
  ];
}

function heldFinding({ petname, waiting, inFlight }: PeerQueue, code: ErrorCode): Finding {
  const { meaning, hint } = errorTable[code];
  return {
    check: 'queue',
    severity: 'note',
    message: `${waiting + inFlight} wait for ${petname}, which asked for a pause (${code})`,
    meaning: `${meaning} Nothing is lost: messages go by themselves when the pause is over.`,
    fix: hint,
  };
}

function fixOf(
  petname: string,
  { link, code }: { readonly link: 'up' | 'down'; readonly code: ErrorCode | undefined },
): string {
  if (link === 'up') return 'Restart the node, which connects anew: mesh down, mesh up --detach';
  switch (code) {
    case 'NOT_TRUSTED':
      return `It does not know you as a peer any more. Ask it again: mesh request URL`;
    case 'UNKNOWN_AGENT':
    case 'HANDSHAKE_FAILED':
      return `Somebody else answers at its address. Compare with its owner: mesh contact ${petname}`;
    case 'SUPERSEDED':
      return `Its address leads to a machine that was replaced. Its owner has to start the new one: mesh contact ${petname}`;
    default:
      return `See where it is looked for, and whether its owner's node runs: mesh contact ${petname}`;
  }
}

function versionFinding(petname: string): Finding {
  return {
    check: 'version',
    severity: 'error',
    message: `${petname} speaks no version of the link protocol that this node speaks`,
    meaning: 'Nothing can be exchanged until the older of the two is updated. What waits stays.',
    fix: `Compare the versions, then update the older one: mesh --version here, and the same there`,
  };
}
