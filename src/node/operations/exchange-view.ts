import { type ErrorCode, type Limits, MeshError } from '#kernel';
import { blamesClock, type Contact, endsExchange, exchangeStanding, type Refusal } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import { routesOf } from '../contact-addresses.ts';
import { defined } from './defined.ts';
import { pasteAddress } from './paste-address.ts';

/** Where the exchange with the contact stands, and what the other node said against it, as the API shows it. */
export function exchangeView(host: AgentHost, contact: Contact) {
  const { clock, limits } = host.desk.ports;
  const exchange = exchangeStanding(contact, clock.now());
  const { refusal } = contact;
  return defined({
    exchange: exchange && { ...exchange, ...defined({ atHub: isMailed(host, contact) ? (true as const) : undefined }) },
    refusal: refusal && { ...refusal, ...explained(contact, refusal, limits) },
  });
}

/** A mailbox of the contact has it. */
function isMailed(host: AgentHost, { agentId, pending }: Contact): boolean {
  const step = host.lanes.find(({ peer }) => peer === agentId)?.mailed?.step;
  return step !== undefined && step.kind === pending?.kind && step.nonce === pending.nonce;
}

/** The request met a refusal that no waiting helps against: it is one for good, or a clock has to be set right. */
export const isTurnedAway = ({ refusal }: Contact): boolean =>
  refusal?.of === 'request' && (endsExchange('request', refusal.code) || blamesClock(refusal.code));

/** Throws the refusal of `isTurnedAway`. */
export function checkTurnedAway(contact: Contact, limits: Limits): void {
  const { refusal, petname, agentId } = contact;
  if (refusal === undefined || !isTurnedAway(contact)) return;
  const { message, hint } = explained(contact, refusal, limits);
  throw new MeshError(refusal.code, message, { hint, data: { petname, agentId } });
}

interface Explained {
  readonly message: string;
  readonly hint: string;
}

/** What the refusal means here, and what the person can do. */
function explained(contact: Contact, { of, code }: Refusal, limits: Limits): Explained {
  const { petname } = contact;
  const askAgain = `mesh request ${pasteAddress(routesOf(contact))}`;
  if (code === 'CONTACT_CHANGED') return frozen(petname);
  if (code === 'NOT_TRUSTED') {
    return {
      message:
        of === 'accept'
          ? `${petname} does not wait for an answer any more: it withdrew its request`
          : `${petname} does not trust this agent: it refused a message`,
      hint: `Ask it for trust: ${askAgain}, or give it up: mesh remove ${petname}`,
    };
  }
  const what = of === 'accept' ? 'acceptance' : 'request';
  if (endsExchange('request', code)) return over(petname, code);
  return {
    message: passing(petname, { what, code }, limits),
    hint: `${advice[code] ?? ''}The ${what} is kept and goes on by itself.`,
  };
}

const frozen = (petname: string): Explained => ({
  message: `${petname} has seen another key of this agent than before, and is frozen until its owner decides`,
  hint: `Compare fingerprints with its owner, who then runs: mesh approve NAME`,
});

const invites: Partial<Record<ErrorCode, string>> = {
  INVITE_INVALID: 'does not know this invite',
  INVITE_EXPIRED: 'says that the invite has expired',
  INVITE_USED: 'says that the invite was used already',
};

function over(petname: string, code: ErrorCode): Explained {
  const said = invites[code];
  if (said === undefined) {
    return {
      message: `Another agent than ${petname} answers at its address`,
      hint: `Ask its owner for the current address or an invite, or give it up: mesh remove ${petname}`,
    };
  }
  return {
    message: `${petname} ${said}`,
    hint: `Ask its owner for a new one and run: mesh join INVITE, or give it up: mesh remove ${petname}`,
  };
}

function passing(petname: string, { what, code }: { what: string; code: ErrorCode }, limits: Limits): string {
  switch (code) {
    case 'TIMESTAMP_STALE':
      return `The clock here is more than ${limits.maxSkewPastMs / 1000} s behind that of ${petname}`;
    case 'TIMESTAMP_FUTURE':
      return `The clock here is more than ${limits.maxSkewFutureMs / 1000} s ahead of that of ${petname}`;
    case 'REQUESTS_FULL':
      return `${petname} takes no more contact requests now`;
    case 'STORE_FULL':
      return `${petname} cannot store the ${what} now: its disk is full`;
    default:
      return `${petname} does not take the ${what} now (${code}): ${new MeshError(code).message}`;
  }
}

const advice: Partial<Record<ErrorCode, string>> = {
  TIMESTAMP_STALE: 'Set the clocks of both machines right. ',
  TIMESTAMP_FUTURE: 'Set the clocks of both machines right. ',
  REQUESTS_FULL: 'An invite from its owner is taken at once. ',
};
