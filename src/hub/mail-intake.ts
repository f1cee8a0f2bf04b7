import { codeOf, type ErrorCode, errorTable, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { encodeFrame, type Frame, type FrameId, isInLine, signHubReceipt } from '#protocol';
import type { FrameOutcome, Link } from '#link';
import type { Arrivals } from './arrivals.ts';
import type { HubCounts } from './hub-counts.ts';
import type { HubParts } from './hub-parts.ts';
import type { HubRates } from './hub-rates.ts';
import type { Appended, HubAgent, MailboxBounds, NewMail } from './store.ts';

export interface MailPorts {
  readonly parts: HubParts;
  readonly rates: HubRates;
  readonly arrivals: Arrivals;
  readonly counts: HubCounts;
  /** False when the hub is about to stop. */
  isOpen(): boolean;
}

/** Who sends. */
export interface Sender {
  readonly link: Link;
  readonly agentId: AgentId;
  /** Until then it is not known whether it is a member. */
  readonly ready: Promise<void>;
  readonly member: HubAgent | undefined;
}

type Refused = Extract<FrameOutcome, { readonly kind: 'refused' }>;

interface Waiting {
  readonly frame: Frame;
  readonly answer: PromiseWithResolvers<FrameOutcome>;
}

/**
 * Frames of one link on their way into mailboxes. What came while others were made durable is stored together, in order; after one that
 * must wait, those behind it for the same agent wait too (spec §12.4).
 */
export class MailIntake {
  readonly #sender: Sender;
  readonly #ports: MailPorts;
  readonly #waiting: Waiting[] = [];
  /** The frame that must come first, of each agent that nothing in line is taken for, and what is said until then. */
  readonly #held = new Map<AgentId, { readonly id: FrameId; readonly refusal: Refused }>();
  #running: Promise<void> | undefined;

  constructor(sender: Sender, ports: MailPorts) {
    this.#sender = sender;
    this.#ports = ports;
  }

  /** Resolves when the frame is durable, or refused. */
  take(frame: Frame): Promise<FrameOutcome> {
    if (!this.#ports.isOpen()) return Promise.resolve(refused('SHUTTING_DOWN'));
    const answer = Promise.withResolvers<FrameOutcome>();
    this.#waiting.push({ frame, answer });
    this.#running ??= this.#run();
    return answer.promise;
  }

  /** Resolves when everything that came is answered. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      await this.#sender.ready;
      while (this.#waiting.length > 0) await this.#storeAll(this.#waiting.splice(0));
    } catch (error) {
      for (const { answer } of this.#waiting.splice(0)) answer.reject(error);
    }
    this.#running = undefined;
  }

  async #storeAll(batch: readonly Waiting[]): Promise<void> {
    const { parts } = this.#ports;
    const taken: Waiting[] = [];
    for (const waiting of batch) {
      const { frame } = waiting;
      const refusal = this.#refusalOf(frame);
      if (refusal !== undefined) {
        this.#refuse(waiting, refusal);
        continue;
      }
      // With the frame that had to come first, those behind it come again too.
      if (this.#held.get(frame.to)?.id === frame.id) this.#held.delete(frame.to);
      taken.push(waiting);
    }
    if (taken.length === 0) return;
    try {
      const now = parts.clock.now();
      const appended = await parts.store.mailboxes.append(taken.map(({ frame }) => this.#mailOf(frame, now)));
      const first = new Set<AgentId>();
      for (const [index, waiting] of taken.entries())
        this.#answer(waiting, { appended: appended[index] ?? { kind: 'unknown' }, first });
    } catch (error) {
      this.#failed(taken, codeOf(error));
    }
  }

  /** A full disk passes: the sender waits and goes on. After anything else it looks for another way. */
  #failed(taken: readonly Waiting[], code: ErrorCode): void {
    const { parts } = this.#ports;
    const passes = errorTable[code].retryable;
    parts.logger.error('hub.frames-not-stored', { agentId: this.#sender.agentId, frames: taken.length, code });
    const refusal = passes ? refused(code, parts.limits.mailboxFullRetryMs) : refused('INTERNAL');
    const first = new Set<AgentId>();
    for (const waiting of taken) this.#refuseTaken(waiting, { refusal, first });
    if (!passes) this.#sender.link.close('INTERNAL');
  }

  #refusalOf(frame: Frame): Refused | undefined {
    const { parts, rates } = this.#ports;
    const held = isInLine(frame.kind) ? this.#held.get(frame.to) : undefined;
    if (held !== undefined && held.id !== frame.id) return held.refusal;
    if (this.#sender.member === undefined && !parts.admission.guests) return refused('NOT_ADMITTED');
    if (frame.expiresAt <= parts.clock.now()) return refused('EXPIRED');
    const { agentId } = this.#sender;
    const waitMs = rates.frames.take(agentId) || (frame.kind === 'request' ? rates.requests.take(agentId) : 0);
    return waitMs > 0 ? refused('RATE_LIMITED', waitMs) : undefined;
  }

  #mailOf(frame: Frame, at: number): NewMail {
    const { limits } = this.#ports.parts;
    return {
      to: frame.to,
      from: frame.from,
      id: frame.id,
      frame: encodeFrame(frame, limits),
      at,
      expiresAt: Math.min(frame.expiresAt, at + limits.mailboxKeptMs),
      isGuest: this.#sender.member === undefined,
      bounds: boundsOf(limits),
    };
  }

  #answer(waiting: Waiting, { appended, first }: { readonly appended: Appended; readonly first: Set<AgentId> }): void {
    const { parts, arrivals, counts } = this.#ports;
    if (appended.kind === 'unknown') return this.#refuse(waiting, refused('UNKNOWN_AGENT'));
    if (appended.kind === 'full') {
      const refusal = refused('MAILBOX_FULL', parts.limits.mailboxFullRetryMs);
      return this.#refuseTaken(waiting, { refusal, first });
    }
    const { id, to, bytes } = waiting.frame;
    if (appended.isNew) {
      counts.framesStored += 1;
      counts.bytesStored += bytes.length;
      arrivals.tell(appended.owner);
    } else counts.framesRepeated += 1;
    const receipt = signHubReceipt({ frameId: id, to, at: appended.at }, parts.self.root);
    waiting.answer.resolve({ kind: 'stored', receipt });
  }

  /** It came before all that was refused at once: the first of them is waited for. */
  #refuseTaken(
    waiting: Waiting,
    { refusal, first }: { readonly refusal: Refused; readonly first: Set<AgentId> },
  ): void {
    const { to, kind } = waiting.frame;
    if (isInLine(kind) && !first.has(to)) {
      this.#held.delete(to);
      first.add(to);
    }
    this.#refuse(waiting, refusal);
  }

  #refuse({ frame, answer }: Waiting, refusal: Refused): void {
    const held = this.#held.get(frame.to);
    this.#ports.counts.framesRefused += 1;
    if (refusal.retryAfterMs === undefined) {
      if (held?.id === frame.id) this.#held.delete(frame.to);
    } else if (isInLine(frame.kind) && (held === undefined || held.id === frame.id)) this.#hold(frame, refusal);
    answer.resolve(refusal);
  }

  #hold({ to, id }: Frame, refusal: Refused): void {
    const { maxHeldMailboxes } = this.#ports.parts.limits;
    this.#held.set(to, { id, refusal });
    if (this.#held.size <= maxHeldMailboxes) return;
    this.#sender.link.close(
      new MeshError(
        'RATE_LIMITED',
        `More than maxHeldMailboxes ${maxHeldMailboxes} mailboxes wait for their first frame`,
      ),
    );
  }
}

const refused = (code: ErrorCode, retryAfterMs?: number): Refused => ({
  kind: 'refused',
  code,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

function boundsOf(limits: HubParts['limits']): MailboxBounds {
  const { maxMailboxFrames, maxMailboxBytes, mailboxSenderPercent, mailboxGuestPercent } = limits;
  const part = (whole: number, percent: number): number => Math.ceil((whole * percent) / 100);
  return {
    maxFrames: maxMailboxFrames,
    maxBytes: maxMailboxBytes,
    maxFramesPerSender: part(maxMailboxFrames, mailboxSenderPercent),
    maxBytesPerSender: part(maxMailboxBytes, mailboxSenderPercent),
    maxFramesOfGuests: part(maxMailboxFrames, mailboxGuestPercent),
    maxBytesOfGuests: part(maxMailboxBytes, mailboxGuestPercent),
  };
}
