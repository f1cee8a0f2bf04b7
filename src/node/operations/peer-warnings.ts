import { errorTable } from '#kernel';
import { isoTime } from '../succession-warnings.ts';
import { pasteAddress } from './paste-address.ts';
import type { contactView } from './views.ts';

export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

type PeerView = ReturnType<typeof contactView>;

/** How long a peer's restore is told. */
const restoredShownMs = 7 * 86_400_000;

/** What a person should know or do about one contact: the most important thing, if there is one, and that it was restored lately. */
export function peerWarnings(peer: PeerView, now: number): readonly Warning[] {
  const warning = changedKey(peer) ?? refused(peer) ?? openStep(peer) ?? held(peer) ?? unreachable(peer);
  return [restored(peer, now), warning].filter((one) => one !== undefined);
}

/** What the peer proved to have may be gone there since, and for a while its owner should hear so. */
function restored({ petname, restored: life }: PeerView, now: number): Warning | undefined {
  if (life === undefined || Math.abs(now - life.at) > restoredShownMs) return undefined;
  const span = `${isoTime(life.asOf)} and ${isoTime(life.at)}`;
  return {
    code: 'PEER_RESTORED',
    message: `${petname} was restored from a backup: what you sent it between ${span} may be gone there`,
    hint: `See what that was, and send again what matters: mesh outbox --peer ${petname}`,
  };
}

function changedKey({ state, petname }: PeerView): Warning | undefined {
  if (state !== 'changed') return undefined;
  return {
    code: 'CONTACT_CHANGED',
    message: `${petname} shows another key than before; nothing is sent to it`,
    hint: `Compare fingerprints with its owner, then run: mesh approve ${petname}`,
  };
}

function refused({ state, refusal }: PeerView): Warning | undefined {
  if (refusal === undefined || (state !== 'trusted' && state !== 'requested-out')) return undefined;
  const { code, message, hint } = refusal;
  return { code, message, hint };
}

/** A request or an acceptance whose time is over, or that does not get through. */
function openStep(peer: PeerView): Warning | undefined {
  const { petname, exchange, lastError, endpoints } = peer;
  if (exchange === undefined || exchange.state === 'refused') return undefined;
  const giveUp = `To give up: mesh remove ${petname}`;
  if (exchange.state === 'expired') {
    return exchange.step === 'request'
      ? {
          code: 'ANSWER_TIMEOUT',
          message: `${petname} did not answer the contact request in time and is not asked any more`,
          hint: `Ask again: mesh request ${pasteAddress(endpoints)}, or give it up: mesh remove ${petname}`,
        }
      : {
          code: 'UNREACHABLE',
          message: `${petname} does not know that it is trusted: it could not be told in time`,
          hint: `It is told when the two nodes meet. Check that its node runs. ${giveUp}`,
        };
  }
  if (exchange.state !== 'under-way' || lastError === undefined) return undefined;
  const what =
    exchange.step === 'request'
      ? `The request to ${petname} has not arrived yet`
      : `${petname} does not know yet that it is trusted`;
  return {
    code: lastError.code,
    message: `${what}: ${lastError.message}`,
    hint: `It is tried again by itself. Check that its node runs and its address is right. ${giveUp}`,
  };
}

/** It asked for a pause. */
function held({ state, petname, waiting, inFlight, held: pause }: PeerView): Warning | undefined {
  if (state !== 'trusted' || pause === undefined || waiting + inFlight === 0) return undefined;
  const { code, until } = pause;
  const why = code === 'INBOX_FULL' ? `The inbox of ${petname} is full` : `${petname} takes no more for a while`;
  const message = `${why}: what waits for it is sent by itself, next at ${new Date(until).toISOString()}`;
  return { code, message, hint: errorTable[code].hint };
}

function unreachable({ state, link, petname, waiting, inFlight, lastError }: PeerView): Warning | undefined {
  if (state !== 'trusted' || link === 'up' || waiting + inFlight === 0) return undefined;
  const reason = lastError === undefined ? '' : ` (${lastError.message})`;
  return {
    code: lastError?.code ?? 'UNREACHABLE',
    message: `${petname} is not reachable, ${waiting + inFlight} wait for it${reason}`,
    hint: 'They are sent when it is back. Check that its node runs and its address is right.',
  };
}
