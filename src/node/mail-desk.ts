import { codeOf, MeshError } from '#kernel';
import {
  type AgentId,
  parseCard,
  type VerifiedCard,
  type VerifiedRotation,
  verifyCard,
  verifyRotationChain,
} from '#identity';
import { type FrameOutcome, isUndecided, type PeerOutcome } from '#delivery';
import {
  answerOf,
  changeContact,
  type Desk,
  type FrameSource,
  type Lane,
  receiveFrame,
  tellMailAnswers,
} from '#pipeline';
import { decodeRotationNotice, type Frame, type MailAnswer, verifyFrameAnswers } from '#protocol';
import { frameSource } from './frame-source.ts';
import { takeExchange } from './take-exchange.ts';
import { stepAnswered } from './tell-step.ts';

export interface MailDeskOptions {
  readonly desk: Desk;
  isContact(peer: AgentId): boolean;
  /** The one the agent is called by now, when it was one of ours under another id. */
  present(peer: AgentId): AgentId;
  laneOf(peer: AgentId): Lane;
  /** An agent that is known by an earlier id has another one now. */
  follow(chain: readonly VerifiedRotation[]): Promise<void>;
}

/** What came out of mailboxes of one agent (spec §13). Nobody who kept it is believed: sessions and signatures say who it is from. */
export class MailDesk {
  readonly #options: MailDeskOptions;
  readonly #sources = new Map<AgentId, FrameSource>();

  constructor(options: MailDeskOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the frame is settled: whoever keeps it may forget it, its sender is told. Rejects when it could not be stored: it must
   * come again, and with it what is behind it.
   */
  async take(frame: Frame): Promise<void> {
    const { desk, present, isContact, laneOf } = this.#options;
    if (!this.#isOurs(frame.to)) return this.#drop(frame, 'WRONG_RECIPIENT');
    if (frame.kind === 'answer') return void (await this.takeAnswers(frame));
    if (frame.kind === 'rotation') return this.#takeRotations(frame);
    if (frame.kind === 'request') return void (await takeExchange(desk, frame, { from: frame.from, byMail: true }));
    const from = present(frame.from);
    const outcome =
      frame.kind === 'accept'
        ? await takeExchange(desk, frame, { from, byMail: true })
        : await this.#takeSealed(frame, from);
    // Strangers are told nothing: everybody can put frames into a mailbox.
    if (!isContact(from)) return this.#drop(frame, outcome.kind === 'refused' ? outcome.code : 'NOT_TRUSTED');
    const lane = laneOf(from);
    lane.mailAnswers.owe(frame.id, outcome);
    void tellMailAnswers(lane).catch((error: unknown) => {
      desk.ports.logger.warn('mail.not-answered', { agent: desk.agent.name, peer: from, code: codeOf(error) });
    });
  }

  /** Answers of a peer to what went to it by mailboxes, on whatever way they came. */
  async takeAnswers(frame: Frame): Promise<FrameOutcome> {
    const { desk, present, isContact, laneOf } = this.#options;
    const from = present(frame.from);
    const { agentId, formerIds } = desk.agent;
    if (!isContact(from)) return { kind: 'refused', code: 'NOT_TRUSTED' };
    try {
      const { limits } = desk.ports;
      const { answers } = verifyFrameAnswers(frame.bytes, { from, to: [agentId, ...formerIds], limits });
      const lane = laneOf(from);
      lane.courier.heard();
      for (const answer of answers) await this.#answered(lane, answer);
      return { kind: 'delivered' };
    } catch (error) {
      const code = codeOf(error);
      this.#drop(frame, code);
      return { kind: 'refused', code };
    }
  }

  async #answered(lane: Lane, answer: MailAnswer): Promise<void> {
    const outcome = outcomeOf(answer);
    if (await lane.courier.answered(answer.frameId, outcome)) return;
    await stepAnswered({ desk: this.#options.desk, lane }, answer.frameId, outcome);
  }

  /** Whoever is met at a mailbox only comes with its card: there is no link to read that from. */
  async #takeRotations(frame: Frame): Promise<void> {
    const { desk, follow, isContact } = this.#options;
    if (isContact(frame.from)) return;
    const notice = this.#noticeIn(frame);
    if (notice === undefined) return;
    await follow(notice.chain);
    if (isContact(frame.from)) await changeContact(desk, frame.from, { type: 'updateCard', card: notice.card });
  }

  #noticeIn(frame: Frame): { readonly card: VerifiedCard; readonly chain: readonly VerifiedRotation[] } | undefined {
    try {
      const { card, rotations } = decodeRotationNotice(frame.bytes);
      const verified = verifyCard(parseCard(card), { now: this.#options.desk.ports.clock.now() });
      if (verified.agentId !== frame.from) throw new MeshError('CARD_ID_MISMATCH');
      return { card: verified, chain: verifyRotationChain(frame.from, rotations) };
    } catch (error) {
      this.#drop(frame, codeOf(error));
      return undefined;
    }
  }

  async #takeSealed(frame: Frame, from: AgentId): Promise<FrameOutcome> {
    const { desk, isContact, laneOf } = this.#options;
    if (!isContact(from)) return answerOf(desk, from, frame) ?? { kind: 'refused', code: 'NOT_TRUSTED' };
    try {
      const outcome = await receiveFrame(laneOf(from), frame, this.#sourceOf(from));
      if (outcome.kind === 'refused' && outcome.retryAfterMs === undefined && isUndecided(outcome.code)) {
        throw new MeshError(outcome.code, 'What is before it has to come again');
      }
      return outcome;
    } catch (error) {
      this.#sources.delete(from);
      throw error;
    }
  }

  #sourceOf(from: AgentId): FrameSource {
    const source = this.#sources.get(from) ?? frameSource(() => true);
    this.#sources.set(from, source);
    return source;
  }

  #isOurs(to: AgentId): boolean {
    const { agentId, formerIds } = this.#options.desk.agent;
    return to === agentId || formerIds.includes(to);
  }

  #drop(frame: Frame, code: string): void {
    const { agent, ports } = this.#options.desk;
    ports.logger.info('mail.dropped', { agent: agent.name, frame: frame.id, from: frame.from, kind: frame.kind, code });
  }
}

function outcomeOf(answer: MailAnswer): PeerOutcome {
  const { code, retryAfterMs } = answer;
  if (answer.kind === 'refused') {
    return { kind: 'refused', code: answer.code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  if (code === undefined || retryAfterMs === undefined) return { kind: 'delivered' };
  return { kind: 'delivered', pause: { code, retryAfterMs } };
}
