import { type ErrorCode, MeshError } from '#kernel';
import { type FrameOutcome, isPassing } from '#delivery';
import type { Link } from '#link';
import { type Desk, type Lane, makeExchangeFrame, sendOutside, settleExchange } from '#pipeline';
import { encodeRotationNotice, type Frame, type FrameId } from '#protocol';
import type { Contact, PendingExchange } from '#trust';

interface Way {
  readonly desk: Desk;
  readonly lane: Lane;
}

interface OpenStep {
  readonly contact: Contact;
  readonly step: PendingExchange;
}

/** Throws the refusal of the peer, after it was kept. */
export async function tellStep(wiring: Way, link: Link, { contact, step }: OpenStep): Promise<void> {
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
function stepRefused({ desk }: Way, refused: OpenStep & { readonly code: ErrorCode }): MeshError {
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
    return await Promise.race([sendOutside(link, frame, clock), late()]);
  } finally {
    answered.abort();
  }
}

/**
 * A mailbox keeps the step, and the answer comes when the other node has taken it out: what goes behind it does not wait for that. It is
 * told again on a later link, no more often than other frames are repeated.
 */
export async function tellStepByMail({ desk, lane }: Way, link: Link, { contact, step }: OpenStep): Promise<void> {
  const { clock, limits } = desk.ports;
  const { mailed } = lane;
  const isSame = mailed?.step.kind === step.kind && mailed.step.nonce === step.nonce;
  if (isSame && clock.monotonic() - mailed.at < limits.mailRepeatMs) return;
  const frame = await makeExchangeFrame(desk, contact);
  if (frame === undefined) return;
  lane.mailed = { frameId: frame.id, step, at: clock.monotonic() };
  const outcome = await answerTo(frame, link, desk.ports);
  if (outcome.kind !== 'refused') {
    desk.ports.emit({ type: 'mailed', contact });
    return;
  }
  lane.mailed = undefined;
  throw new MeshError(outcome.code, `${link.route} did not keep the contact exchange: ${outcome.code}`);
}

/** The other node answered a step that went to it by a mailbox. */
export async function stepAnswered({ desk, lane }: Way, frameId: FrameId, outcome: FrameOutcome): Promise<void> {
  const { mailed } = lane;
  if (mailed?.frameId !== frameId) return;
  const code = refusalIn(outcome);
  if (code !== undefined && isPassing(code)) return;
  lane.mailed = undefined;
  await settleExchange(desk, lane.peer, { step: mailed.step, code });
}

/**
 * How the agent came to its present id, for a peer that may know it by an earlier one and is met at a mailbox only. What a mailbox kept may be
 * lost, so it is told again later, no more often than frames are repeated.
 */
export async function tellRotationsByMail({ desk, lane }: Way, link: Link): Promise<void> {
  const { agent, ports } = desk;
  const { agentId, rotations } = agent;
  const { rotated } = lane;
  const isTold = rotated?.to === agentId && ports.clock.monotonic() - rotated.at < ports.limits.mailRepeatMs;
  if (rotations.length === 0 || isTold) return;
  const now = ports.clock.now();
  const frame = {
    v: 1,
    id: ports.ids.next('frm'),
    kind: 'rotation',
    from: agentId,
    to: lane.peer,
    createdAt: now,
    expiresAt: now + ports.limits.maxTtlSeconds * 1000,
    priority: 'high',
    bytes: encodeRotationNotice({ card: agent.card(), rotations }),
  } as const;
  const outcome = await answerTo(frame, link, ports);
  if (outcome.kind === 'stored') lane.rotated = { to: agentId, at: ports.clock.monotonic() };
}
