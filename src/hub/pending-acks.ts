import type { MailboxAck } from '#protocol';

/** Acknowledgements of one link that wait for their turn: the latest is enough. */
export class PendingAcks {
  #waiting: MailboxAck | undefined;
  #busy = false;

  /** Keeps it; true when somebody works on them already, who will take it. */
  isBusy(ack: MailboxAck): boolean {
    this.#waiting = ack;
    const busy = this.#busy;
    this.#busy = true;
    return busy;
  }

  /** Undefined when nothing is left to do. */
  next(): MailboxAck | undefined {
    const next = this.#waiting;
    this.#waiting = undefined;
    this.#busy = next !== undefined;
    return next;
  }

  /** The work failed. */
  forget(): void {
    this.#waiting = undefined;
    this.#busy = false;
  }
}
