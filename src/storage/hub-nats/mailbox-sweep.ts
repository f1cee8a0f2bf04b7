import type { HubCore } from './hub-core.ts';
import { shardOf } from './layout.ts';
import type { Mailbox } from './mailbox.ts';

/** Mailboxes that are opened only to look for what expired in them, a sweep. */
const unopenedAtOnce = 500;

/** Removes what has expired and what crashes left. Several processes may do so at once. */
export class MailboxSweep {
  readonly #core: HubCore;
  readonly #open: (box: string) => Promise<Mailbox>;
  /** Of mailboxes that no link has opened: those that are still to be looked at in this round. */
  #round: string[] = [];

  constructor(core: HubCore, open: (box: string) => Promise<Mailbox>) {
    this.#core = core;
    this.#open = open;
  }

  /** How many frames expired. */
  async run(now: number, opened: readonly Promise<Mailbox>[]): Promise<number> {
    let removed = 0;
    for (const opening of opened) {
      const mailbox = await opening.catch(() => undefined);
      if (mailbox !== undefined) removed += await sweepOne(mailbox, now);
    }
    if (removed > 0) return removed;
    for (const box of await this.#next()) removed += await sweepOne(await this.#open(box), now);
    return removed;
  }

  /** Boxes of which JetStream holds something, each with how many messages it has: other numbers after every change. */
  async usedBoxes(): Promise<Map<string, string>> {
    const { client, layout } = this.#core;
    const used = new Map<string, string>();
    for (let shard = 0; shard < layout.shards; shard += 1) {
      const stream = layout.mailStream(shard);
      for (const [subject, count] of await client.subjects(stream, '>')) {
        const [, , , box = '', part] = subject.split('.');
        used.set(box, `${used.get(box) ?? ''} ${part} ${count}`);
      }
    }
    return used;
  }

  async purgeBox(box: string): Promise<void> {
    const { client, layout } = this.#core;
    const stream = layout.mailStream(shardOf(box));
    await client.purge(stream, layout.frameSubject(box));
    await client.purge(stream, layout.goneSubject(box));
  }

  /** A part of the mailboxes in turn; those of nobody are removed when a round begins. */
  async #next(): Promise<readonly string[]> {
    if (this.#round.length === 0) {
      const used = await this.usedBoxes();
      // After the boxes: one that was made meanwhile has its row by then.
      await this.#core.directory().catchUp();
      const owned = new Set([...this.#core.index().agents()].flatMap(({ box, joins }) => [box, ...joins]));
      for (const box of used.keys()) if (!owned.has(box)) await this.purgeBox(box);
      this.#round = [...used.keys()].filter((box) => owned.has(box));
    }
    return this.#round.splice(0, unopenedAtOnce);
  }
}

async function sweepOne(mailbox: Mailbox, now: number): Promise<number> {
  const removed = await mailbox.expire(now);
  await mailbox.tidy();
  if (mailbox.isIdle) await mailbox.giveBack();
  return removed;
}
