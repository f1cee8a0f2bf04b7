import { codeOf, type ErrorCode, MeshError } from '#kernel';
import { parseCard, verifyCard } from '#identity';
import {
  type CourierChange,
  type CourierPorts,
  type FileDirection,
  isDistrust,
  isProof,
  type OutboxFrame,
} from '#delivery';
import type { Link } from '#link';
import {
  changeContact,
  type Desk,
  type Lane,
  refuseFilesOfOldPeer,
  replaceSession,
  reviveMessages,
  tellLane,
  tellMailAnswers,
  unsealLeft,
} from '#pipeline';
import { blobVersion, type MessageId, parseHubAddress } from '#protocol';
import { type Contact, type EventOf, owesStep } from '#trust';
import { passOverMailbox } from './contact-addresses.ts';
import type { DialHow } from './dial-how.ts';
import type { RouteHealth } from './route-health.ts';
import { tellRotationsByMail, tellStep, tellStepByMail } from './tell-step.ts';

export interface LaneWiring {
  readonly desk: Desk;
  readonly lane: Lane;
  dial(contact: Contact, how: DialHow): Promise<Link>;
  onChange(lane: Lane, change: CourierChange): void;
  /** How the ways to peers are. */
  readonly health: RouteHealth;
}

/** Ties the courier of one lane to the store, the contact exchange and the session. */
export function lanePorts(wiring: LaneWiring): CourierPorts {
  const { lane, desk } = wiring;
  const { store } = desk.ports;
  return {
    dial: (how) => wiring.dial(requireContact(wiring), how),
    greet: (link) => greet(wiring, link),
    lookAgain: (link) => lookAgain(wiring, link),
    passOver: (link) => passOver(wiring, link),
    awaitsStep: () => lane.mailed !== undefined,
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
    onStored: ({ frame }, by) => {
      const at = desk.ports.clock.now();
      let ids: readonly MessageId[] = [];
      lane.deferred.add(
        (tx) => {
          ids = tx.outbox.markStored(frame.id, { at, by });
        },
        () => tellLane(lane, ids, { step: 'stored', state: 'stored' }),
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
      if (change.type === 'up') {
        revive(lane);
        void tellMailAnswers(lane);
      }
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
  if (!lane.mailAnswers.isEmpty) return true;
  if (state !== 'trusted') return false;
  if (courier.inFlight > 0 || arrivals.length > 0 || hasStored || hasReceipts) return true;
  return hasFiles(desk, lane);
}

/** Files are to come, or wait for the peer. */
function hasFiles({ ports }: Desk, { agent, peer }: Lane): boolean {
  const isOpen = (direction: FileDirection): boolean =>
    ports.store.read.files.open({ agent: agent.name, peer, direction }).length > 0;
  return isOpen('in') || isOpen('out');
}

/** On every new link: what the contact exchange owes, then the peer's card as it is now. */
async function greet(wiring: LaneWiring, link: Link): Promise<void> {
  const { lane } = wiring;
  const contact = requireContact(wiring);
  if (link.keeper !== undefined) await tellRotationsByMail(wiring, link);
  const { pending: step } = contact;
  if (step !== undefined && link.keeper !== undefined) await tellStepByMail(wiring, link, { contact, step });
  else if (step !== undefined) {
    lane.telling = { on: link, step };
    try {
      await tellStep(wiring, link, { contact, step });
    } finally {
      if (lane.telling?.on === link) lane.telling = undefined;
    }
    // The same request came once more while its acceptance was confirmed: it is answered once more.
    if (contactOf(wiring)?.pending?.kind === 'accept') lane.courier.greetAgain();
  }
  if (link.keeper === undefined && link.version < blobVersion) await refuseFilesOfOldPeer(wiring.lane);
  await refreshCard(wiring, link);
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

/** A peer that went to another hub reads what is kept for it at the one of before for a while only. */
async function lookAgain(wiring: LaneWiring, link: Link): Promise<void> {
  await refreshCard(wiring, link);
  const keepers = (contactOf(wiring)?.card?.mailboxes ?? []).map((url) => parseHubAddress(url)?.hub);
  if (keepers.length > 0 && !keepers.includes(link.keeper)) link.close();
}

/** Others who keep frames for the peer go before this one. */
function passOver(wiring: LaneWiring, link: Link): boolean {
  const contact = contactOf(wiring);
  const at = wiring.desk.ports.clock.now();
  if (contact === undefined || !passOverMailbox(wiring.health, contact, { keeper: link.keeper, at })) return false;
  link.close();
  return true;
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
