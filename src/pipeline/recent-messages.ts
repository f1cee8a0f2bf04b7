import { defaultLimits, type Limits } from '#kernel';
import { decodeMessage, type Message, type MessageId } from '#protocol';

export type RecentMessagesLimits = Pick<Limits, 'maxRecentMessages' | 'maxRecentMessageBytes'>;

interface Kept {
  readonly message: Message;
  readonly body: Uint8Array;
}

/** Messages as they were read when they came: mostly their program gets them a moment later, and need not wait until they are read again. */
export class RecentMessages {
  readonly #limits: RecentMessagesLimits;
  /** The oldest first. */
  readonly #kept = new Map<MessageId, Kept>();
  #bytes = 0;

  constructor(limits: RecentMessagesLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** `message` is what `decodeMessage` makes of the body. */
  keep(message: Message, body: Uint8Array): void {
    this.#drop(message.id);
    this.#kept.set(message.id, { message, body });
    this.#bytes += body.length;
    const { maxRecentMessages: most, maxRecentMessageBytes: mostBytes } = this.#limits;
    for (const id of this.#kept.keys()) {
      if (this.#kept.size <= most && this.#bytes <= mostBytes) return;
      this.#drop(id);
    }
  }

  /** The message that this stored body is, and forgets it. Ids are chosen by senders, so that only the bytes tell that it is the same. */
  take({ id, body }: { readonly id: MessageId; readonly body: Uint8Array }): Message {
    const kept = this.#drop(id);
    return kept !== undefined && Buffer.compare(kept.body, body) === 0 ? kept.message : decodeMessage(body);
  }

  /** The same, and keeps it for whoever takes it next. */
  read(stored: { readonly id: MessageId; readonly body: Uint8Array }): Message {
    const kept = this.#kept.get(stored.id);
    if (kept !== undefined && Buffer.compare(kept.body, stored.body) === 0) return kept.message;
    const message = decodeMessage(stored.body);
    this.keep(message, stored.body);
    return message;
  }

  #drop(id: MessageId): Kept | undefined {
    const kept = this.#kept.get(id);
    if (kept === undefined) return undefined;
    this.#kept.delete(id);
    this.#bytes -= kept.body.length;
    return kept;
  }
}
