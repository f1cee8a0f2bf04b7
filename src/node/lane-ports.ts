import { codeOf, type ErrorCode, MeshError } from '#kernel';
import { parseCard, verifyCard } from '#identity';
import {
  type CourierChange,
  type CourierPorts,
  type FrameOutcome,
  isDistrust,
  isProof,
  type OutboxFrame,
} from '#delivery';
import type { Link } from '#link';
import {
  changeContact,
  type Desk,
  type Lane,
  makeExchangeFrame,
  refuseFilesOfOldPeer,
  replaceSession,
  reviveMessages,
  settleExchange,
  tellLane,
  unsealLeft,
} from '#pipeline';
import { blobVersion, type Frame, type MessageId } from '#protocol';
import { type Contact, type EventOf, owesStep, type PendingExchange } from '#trust';

export interface LaneWiring {
  readonly desk: Desk;
  readonly lane: Lane;
  dial(contact: Contact, options: { readonly signal: AbortSignal }): Promise<Link>;
  onChange(lane: Lane, change: CourierChange): void;
}

/** Ties the courier of one lane to the store, the contact exchange and the session. */
export function lanePorts(wiring: LaneWiring): CourierPorts {
  const { lane, desk } = wiring;
  const { store } = desk.ports;
  return {
    dial: ({ signal }) => wiring.dial(requireContact(wiring), { signal }),
    greet: (link) => greet(wiring, link),
    unacknowledged: () => store.read.outbox.frames(lane.agent.name, lane.peer),
    hasWork: () => hasWork(wiring),
    onSent: ({ frame }, route) => {
      const at = desk.ports.clock.now();
      let ids: readonly MessageId[] = [];
      lane.deferred.add(
        (tx) => {
          ids = tx.outbox.markSent(frame.id, { at, route });
        },
        () => tellLane(lane, ids, { step: 'sent', state: 'sent', route }),
      );
    },
    onTaken: ({ frame }) => {
      if (isProof(frame)) noteProof(wiring);
      lane.deferred.add((tx) => tx.outbox.acknowledge(frame.id));
    },
    onRefused: async (frame, code) => {
      try {
        await settleRefusal(wiring, { frame, code });
      } catch (error) {
        const fields = { agent: lane.agent.name, frame: frame.frame.id, code: codeOf(error) };
        desk.ports.logger.error('outcome.not-stored', fields);
        throw error;
      }
    },
    onChange: (change) => {
      if (change.type === 'up') revive(lane);
      if (change.type !== 'down') lane.flushSoon();
      wiring.onChange(lane, change);
    },
  };
}

/** Before what waits is sealed, so that the steps are told in their order. */
function revive(lane: Lane): void {
  reviveMessages(lane).catch((error: unknown) => {
    lane.ports.logger.error('revival.not-stored', { agent: lane.agent.name, peer: lane.peer, code: codeOf(error) });
  });
}

const contactOf = ({ desk, lane }: Pick<LaneWiring, 'desk' | 'lane'>): Contact | undefined =>
  desk.ports.store.read.contacts.byAgentId(lane.agent.name, lane.peer);

function requireContact({ desk, lane }: LaneWiring): Contact {
  const contact = contactOf({ desk, lane });
  if (contact === undefined) throw new MeshError('NOT_TRUSTED', 'The contact was removed');
  if (contact.state === 'changed') throw new MeshError('CONTACT_CHANGED');
  if (contact.state === 'blocked') throw new MeshError('CONTACT_BLOCKED');
  return contact;
}

function hasWork({ desk, lane }: LaneWiring): boolean {
  const contact = contactOf({ desk, lane });
  if (contact === undefined) return false;
  const { state } = contact;
  if (state !== 'trusted' && state !== 'requested-out') return false;
  if (owesStep(contact, desk.ports.clock.now())) return true;
  const { courier, arrivals, hasStored, hasReceipts } = lane;
  return state === 'trusted' && (courier.inFlight > 0 || arrivals.length > 0 || hasStored || hasReceipts);
}

/** On every new link: what the contact exchange owes, then the peer's card as it is now. */
async function greet(wiring: LaneWiring, link: Link): Promise<void> {
  const { lane } = wiring;
  const contact = requireContact(wiring);
  const { pending: step } = contact;
  if (step !== undefined) {
    lane.telling = { on: link, step };
    try {
      await tellStep(wiring, link, { contact, step });
    } finally {
      if (lane.telling?.on === link) lane.telling = undefined;
    }
  }
  if (link.version < blobVersion) await refuseFilesOfOldPeer(wiring.lane);
  await refreshCard(wiring, link);
}

interface OpenStep {
  readonly contact: Contact;
  readonly step: PendingExchange;
}

/** Throws the refusal of the peer, after it was kept. */
async function tellStep(wiring: LaneWiring, link: Link, { contact, step }: OpenStep): Promise<void> {
  const { desk } = wiring;
  const frame = await makeExchangeFrame(desk, contact);
  if (frame === undefined) return;
  const code = refusalIn(await answerTo(frame, link, desk.ports));
  const next = await settleExchange(desk, contact.agentId, { step, code });
  if (code !== undefined) throw stepRefused(wiring, { contact: next, step, code });
}

/** Of a statement that was received before, the first one counted. */
const refusalIn = (outcome: FrameOutcome): ErrorCode | undefined =>
  outcome.kind !== 'refused' || outcome.code === 'REPLAYED' ? undefined : outcome.code;

/** Why this link ends: what was refused for now is tried again on the next one. */
function stepRefused({ desk }: LaneWiring, refused: OpenStep & { readonly code: ErrorCode }): MeshError {
  const { contact, step, code } = refused;
  const { agent, petname, agentId: peer } = contact;
  desk.ports.logger.warn('exchange.not-taken', { agent, petname, peer, kind: step.kind, code });
  const what = step.kind === 'accept' ? 'acceptance' : 'contact request';
  return new MeshError(code, `${petname} did not take the ${what}: ${code}`);
}

/** Whoever takes nothing more on this link may take it on the next one. */
async function answerTo(frame: Frame, link: Link, { clock, limits }: Desk['ports']): Promise<FrameOutcome> {
  const answered = new AbortController();
  const late = async (): Promise<never> => {
    await clock.sleep(limits.linkRequestMs, { signal: answered.signal });
    throw new MeshError('TIMEOUT', 'The peer did not answer the contact exchange in time');
  };
  try {
    return await Promise.race([link.sendFrame(frame), late()]);
  } finally {
    answered.abort();
  }
}

async function refreshCard({ desk, lane }: LaneWiring, link: Link): Promise<void> {
  const contact = contactOf({ desk, lane });
  if (contact === undefined || contact.state === 'requested-in') return;
  try {
    const card = verifyCard(parseCard(await link.getCard()), { now: desk.ports.clock.now(), pinned: contact.card });
    if (contact.card?.seq === card.seq) return;
    await changeContact(desk, contact.agentId, { type: 'updateCard', card });
  } catch (error) {
    // An old card still serves: the link itself proved the key.
    desk.ports.logger.info('card.not-refreshed', { agent: lane.agent.name, peer: lane.peer, code: codeOf(error) });
  }
}

interface Refusal {
  readonly frame: OutboxFrame;
  readonly code: ErrorCode;
}

async function settleRefusal({ lane, desk }: LaneWiring, { frame, code }: Refusal): Promise<void> {
  const { store, clock } = desk.ports;
  if (
    code === 'SESSION_UNKNOWN' ||
    code === 'SESSION_BROKEN' ||
    code === 'KEY_PACKAGE_STALE' ||
    code === 'SESSION_REPLAY'
  ) {
    await lane.serial.run(async () => {
      // The first refusal of a session replaces it; it may also have ended with time, or with its successor.
      const known = store.read.sessions.session(lane.agent.name, frame.groupId) !== undefined;
      if (known) await replaceSession(lane, { groupId: frame.groupId, reason: code });
      else await unsealLeft(lane, frame.groupId);
    });
    lane.flushSoon();
    return;
  }
  if (isDistrust(code)) await noteTrust({ lane, desk }, { type: 'distrusted', code });
  const ids = await lane.deferred.transact((tx) => tx.outbox.refuseFrame(frame.frame.id, { code, at: clock.now() }));
  tellLane(lane, ids, { step: 'refused', state: 'refused', reason: code });
}

/** The peer read what was sealed for it. */
function noteProof(wiring: LaneWiring): void {
  const { lane, desk } = wiring;
  lane.replacements = 0;
  if (!lane.isDoubted) return;
  noteTrust(wiring, { type: 'proved' }).catch((error: unknown) => {
    desk.ports.logger.error('proof.not-stored', { agent: lane.agent.name, peer: lane.peer, code: codeOf(error) });
  });
}

/** Whether the peer trusts us shows in what it says to sealed frames; kept where a person sees it. */
async function noteTrust(
  { desk, lane }: Pick<LaneWiring, 'desk' | 'lane'>,
  event: EventOf<'distrusted' | 'proved'>,
): Promise<void> {
  const contact = contactOf({ desk, lane });
  const isNews = event.type === 'proved' ? contact?.refusal !== undefined : contact?.refusal?.code !== event.code;
  if (contact?.state !== 'trusted' || !isNews) return;
  await changeContact(desk, lane.peer, event);
}
