import { createHash } from 'node:crypto';
import { codeOf, MeshError } from '#kernel';
import { parseCard, type VerifiedCard, verifyCard } from '#identity';
import type { Frame, MailboxAck } from '#protocol';
import type { FrameOutcome, Link, LinkService, ServiceAnswer, ServiceQuestion, WithoutNumber } from '#link';
import { takeOne } from './hub-rates.ts';
import type { HubLinks } from './hub-links.ts';
import { type HubSession, lifeOf, memberOf } from './hub-session.ts';
import type { MailPorts } from './mail-intake.ts';
import { answerRoom, isRoomQuestion } from './room-answers.ts';
import type { MailPage } from './store.ts';

export interface HubServiceOptions extends MailPorts {
  readonly links: HubLinks;
}

type Answer = WithoutNumber<ServiceAnswer>;
type Question<K extends ServiceQuestion['op']> = Extract<ServiceQuestion, { readonly op: K }>;

/** Room in an answer beside what it lists. */
const aroundBytes = 2048;

/** What a hub does for the agents that are linked to it (spec §12.2). Everything is by the id that the link proved. */
export class HubService implements LinkService {
  readonly #options: HubServiceOptions;

  constructor(options: HubServiceOptions) {
    this.#options = options;
  }

  async onFrame(frame: Frame, link: Link): Promise<FrameOutcome> {
    return await this.#sessionOf(link).intake.take(frame);
  }

  async answer(question: ServiceQuestion, link: Link): Promise<Answer> {
    const { counts } = this.#options;
    counts.questions += 1;
    try {
      if (!this.#options.isOpen()) throw new MeshError('SHUTTING_DOWN');
      const session = this.#sessionOf(link);
      await session.ready;
      if (question.op === 'fetch') return await this.#fetch(question, session);
      return await this.#answer(question, session);
    } catch (error) {
      counts.questionsRefused += 1;
      this.#report(question, error);
      throw error;
    }
  }

  onAck(ack: MailboxAck, link: Link): void {
    void this.#acknowledge(ack, this.#sessionOf(link));
  }

  #sessionOf(link: Link): HubSession {
    const session = this.#options.links.of(link);
    if (session === undefined) throw new MeshError('INTERNAL', 'A link without a session');
    return session;
  }

  async #answer(question: Exclude<ServiceQuestion, Question<'fetch'>>, session: HubSession): Promise<Answer> {
    const { rates, parts } = this.#options;
    if (question.op === 'blob.put') {
      return { op: 'done', have: await session.uploads.put(memberOf(session).agentId, question) };
    }
    takeOne(rates.questions, session.agentId);
    if (question.op === 'blob.drop') {
      await session.uploads.remove(memberOf(session).agentId, question.blob);
      return { op: 'done' };
    }
    if (isRoomQuestion(question)) return await answerRoom(question, memberOf(session).agentId, parts);
    switch (question.op) {
      case 'card.put':
        return await this.#register(question, session);
      case 'card.get':
        return await this.#card(question);
      case 'keypackage.put':
        return await this.#keepPackages(question, session);
      case 'keypackage.take':
        return await this.#handOut(question, session);
      case 'directory':
        return await this.#list(question, session);
      case 'presence':
        return this.#presence(question, session);
    }
  }

  async #register({ card: bytes, invite }: Question<'card.put'>, session: HubSession): Promise<Answer> {
    const { store, clock, admission, limits, logger } = this.#options.parts;
    const { agentId, link } = session;
    const card = verifyCard(parseCard(bytes), { now: clock.now() });
    if (card.agentId !== agentId)
      throw new MeshError('CARD_ID_MISMATCH', `The card is that of ${card.agentId}, not of who puts it`);
    await store.agents.register({
      agentId,
      // Where nobody looks for names, nobody owns one.
      name: admission.hidesMembers === true ? agentId : card.name,
      seq: card.seq,
      card: bytes,
      capabilities: card.capabilities.map(({ id }) => id),
      text: wordsOf(card),
      at: clock.now(),
      isAdmitted: admission.kind === 'open' || (admission.kind === 'allowlist' && admission.allowlist.has(agentId)),
      isReadmitted: admission.readmits === true,
      invite: invite && hashOf(invite),
      maxAgents: limits.maxHubAgents,
    });
    const later = await store.agents.keepLife(agentId, lifeOf(link.remote));
    const member = await store.agents.find(agentId);
    if (member === undefined || later !== undefined) throw new MeshError('WRONG_STATE');
    if (session.member === undefined) logger.info('hub.agent-registered', { agentId, name: card.name });
    session.joined(member);
    return { op: 'done' };
  }

  async #card({ agent }: Question<'card.get'>): Promise<Answer> {
    const card = await this.#options.parts.store.agents.card(agent);
    if (card === undefined) throw new MeshError('UNKNOWN_AGENT');
    return { op: 'card', agent, card };
  }

  async #keepPackages({ packages, lastResort }: Question<'keypackage.put'>, session: HubSession): Promise<Answer> {
    const { store, limits } = this.#options.parts;
    const put = { packages, lastResort, max: limits.maxHubKeyPackages };
    return { op: 'done', have: await store.keyPackages.put(memberOf(session).agentId, put) };
  }

  async #handOut({ agent }: Question<'keypackage.take'>, { agentId }: HubSession): Promise<Answer> {
    const { parts, rates } = this.#options;
    const target = await parts.store.agents.find(agent);
    if (target === undefined) throw new MeshError('UNKNOWN_AGENT');
    takeOne(rates.packagesOfOne, `${agentId} ${target.agentId}`);
    takeOne(rates.packages, agentId);
    const bytes = await parts.store.keyPackages.take(agent);
    if (bytes === undefined) throw new MeshError('NO_KEY_PACKAGE');
    return { op: 'keypackage', agent, bytes };
  }

  async #list({ search, capability, after }: Question<'directory'>, session: HubSession): Promise<Answer> {
    const { rates, parts } = this.#options;
    const { store, limits, admission } = parts;
    memberOf(session);
    if (admission.hidesMembers === true) throw new MeshError('NOT_ADMITTED', 'Members here are not told of each other');
    takeOne(rates.searches, session.agentId);
    const listing = await store.agents.directory({
      search: search?.toLowerCase(),
      capability,
      after,
      limit: limits.maxCardsPerListing,
      maxBytes: limits.maxHandshakeFrameBytes - aroundBytes,
    });
    return { op: 'listing', ...listing };
  }

  #presence({ agents }: Question<'presence'>, session: HubSession): Answer {
    memberOf(session);
    const { links, parts } = this.#options;
    if (parts.admission.hidesMembers === true) return { op: 'presence.is', online: [] };
    return { op: 'presence.is', online: agents.filter((agent) => links.session(agent) !== undefined) };
  }

  async #fetch(question: Question<'fetch'>, session: HubSession): Promise<Answer> {
    const { counts, rates } = this.#options;
    const { agentId } = memberOf(session);
    const { after, waitMs } = question;
    const { mail } = session;
    // Before anything is looked at: so nothing is missed that comes meanwhile.
    const { count } = mail;
    let page = session.emptyPage(question) ?? (await this.#page(agentId, question));
    // Who is at a place that is not known here is told so at once.
    const mayWait = page.items.length === 0 && page.after === after && waitMs > 0 && !session.isOver;
    // When nothing came there is nothing to look for: whoever asks again looks again.
    if (mayWait && (await mail.wait(count, waitMs)) && !session.isOver) page = await this.#page(agentId, question);
    // Who gets nothing may wait for something, but not ask again and again.
    if (page.items.length === 0 && waitMs === 0) takeOne(rates.questions, agentId);
    session.looked(page, count);
    counts.framesFetched += page.items.length;
    for (const { frame } of page.items) counts.bytesFetched += frame.length;
    return { op: 'frames', ...page };
  }

  async #page(agentId: HubSession['agentId'], { epoch, after, frames, bytes }: Question<'fetch'>): Promise<MailPage> {
    const { store, limits } = this.#options.parts;
    return await store.mailboxes.read(agentId, {
      epoch,
      after,
      frames: Math.min(frames, limits.maxFramesPerFetch),
      // One that is as large as an operation may be comes alone.
      bytes: Math.min(bytes, limits.maxHandshakeFrameBytes - limits.maxFramesPerFetch * itemBytes),
    });
  }

  /** One after another, and of those that came meanwhile the last: it stands for all before it. */
  async #acknowledge(ack: MailboxAck, session: HubSession): Promise<void> {
    const { parts, counts } = this.#options;
    if (session.acks.isBusy(ack)) return;
    try {
      await session.ready;
      for (let next = session.acks.next(); next !== undefined; next = session.acks.next()) {
        if (session.member !== undefined) counts.framesAcked += await parts.store.mailboxes.ack(session.agentId, next);
      }
    } catch (error) {
      // They are fetched once more, which does no harm.
      session.acks.forget();
      parts.logger.warn('hub.ack-failed', { agentId: session.agentId, code: codeOf(error) });
    }
  }

  #report({ op }: ServiceQuestion, error: unknown): void {
    const code = codeOf(error);
    const { logger } = this.#options.parts;
    if (code === 'INTERNAL') logger.error('hub.question-failed', { op, error: String(error) });
    else logger.debug('hub.question-refused', { op, code });
  }
}

/** Around each frame of an answer: cursor, time and keys. */
const itemBytes = 48;

const wordsOf = ({ name, displayName = '', capabilities }: VerifiedCard): string =>
  [name, displayName, ...capabilities.flatMap(({ id, description, tags }) => [id, description, ...tags])]
    .join(' ')
    .toLowerCase();

/** Only that of a secret is kept. */
export const hashOf = (secret: Uint8Array): Uint8Array => createHash('sha256').update(secret).digest();
