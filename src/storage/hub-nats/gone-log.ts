import { encodeGone, type Gone, goneIn } from './mail-records.ts';
import type { MailboxState } from './mailbox-state.ts';
import type { NatsClient } from './nats-client.ts';

/** Frames whose removal is told in one message. */
export const goneAtOnce = 10_000;
/** Messages about removed frames are joined when there are so many. */
const maxRecords = 64;

/**
 * What is known of frames of a mailbox that are gone. Its messages only ever add to that: they need no order between processes, and doubled
 * ones do no harm.
 */
export class GoneLog {
  readonly #client: NatsClient;
  readonly #place: { readonly stream: string; readonly subject: string };
  readonly #state: MailboxState;
  #seq = 0;
  #records = 0;

  constructor(client: NatsClient, place: { readonly stream: string; readonly subject: string }, state: MailboxState) {
    this.#client = client;
    this.#place = place;
    this.#state = state;
  }

  get isLong(): boolean {
    return this.#records > maxRecords;
  }

  /** Up to where everything was gone when the last message was written. */
  async lastUpTo(): Promise<number> {
    const last = await this.#client.last(this.#place.stream, this.#place.subject);
    return last === undefined ? 0 : (goneIn(last.data)?.upTo ?? 0);
  }

  /** Durable when it resolves: JetStream confirmed the message. */
  async tell(gone: Gone): Promise<void> {
    await this.#client.publish({ ...this.#place, id: this.#client.newId(), data: encodeGone(gone) });
    this.#records += 1;
    this.#state.drop(gone);
  }

  async refresh(): Promise<void> {
    for await (const { seq, data } of this.#client.readAll({ ...this.#place, from: this.#seq + 1 })) {
      this.#seq = seq;
      this.#records += 1;
      const gone = goneIn(data);
      if (gone === undefined) this.#client.tellDamage(this.#place.stream, seq, 'a message that no hub wrote');
      else this.#state.drop(gone);
    }
  }

  /**
   * One message in place of many. It is written before they are removed, and they are removed only when nobody wrote between: what a crash
   * leaves is said twice.
   */
  async join(): Promise<void> {
    await this.refresh();
    const before = this.#seq;
    const data = encodeGone({ upTo: this.#state.upTo, single: this.#state.single });
    const expect = { ofSubject: before };
    const written = await this.#client.publish({ ...this.#place, id: this.#client.newId(), data, expect });
    if (written.kind === 'overtaken') return;
    const { stream, subject } = this.#place;
    const next = await this.#client.next(stream, subject, before + 1);
    if (next?.seq !== written.seq) return;
    await this.#client.purge(stream, subject, written.seq);
    this.#records = 1;
  }
}
