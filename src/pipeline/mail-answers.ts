import type { FrameOutcome, PeerOutcome } from '#delivery';
import type { FrameId, MailAnswer } from '#protocol';

/** A sender that gets no answer repeats its frame: what is owed beyond this is said then. */
const maxOwed = 1024;

/** What is owed to a peer about frames that came by a mailbox (spec §13.3): told over whatever link there is. */
export class MailAnswers {
  readonly #owed = new Map<FrameId, MailAnswer>();

  get isEmpty(): boolean {
    return this.#owed.size === 0;
  }

  owe(frameId: FrameId, outcome: FrameOutcome): void {
    // Only who keeps frames for others says `stored`.
    if (outcome.kind === 'stored') return;
    this.#owed.delete(frameId);
    this.#owed.set(frameId, answerTo(frameId, outcome));
    const [oldest] = this.#owed.keys();
    if (this.#owed.size > maxOwed && oldest !== undefined) this.#owed.delete(oldest);
  }

  /** At most as many as go into one frame; they are owed no more. */
  take(limit: number): readonly MailAnswer[] {
    const taken = [...this.#owed.values()].slice(0, limit);
    for (const { frameId } of taken) this.#owed.delete(frameId);
    return taken;
  }
}

function answerTo(frameId: FrameId, outcome: PeerOutcome): MailAnswer {
  if (outcome.kind === 'delivered') return { frameId, kind: 'delivered', ...outcome.pause };
  const { kind, code, retryAfterMs } = outcome;
  return retryAfterMs === undefined ? { frameId, kind, code } : { frameId, kind, code, retryAfterMs };
}
