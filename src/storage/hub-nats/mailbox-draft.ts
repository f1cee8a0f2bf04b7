import type { Appended, NewMail } from '#hub';
import { itemOf } from './mail-records.ts';
import { type MailboxState, Pending } from './mailbox-state.ts';

/** Mails that came together, and are answered together. */
export interface Asked {
  readonly mails: readonly NewMail[];
}

/** 'unknown' where the mailbox was joined to another meanwhile. */
export type Told =
  | Exclude<Appended, { kind: 'stored' }>
  | { readonly kind: 'stored'; readonly at: number; readonly isNew: boolean };

interface Question {
  readonly asked: readonly Asked[];
  /** What was said of the first ones of each. */
  readonly told: readonly (readonly Told[])[];
  readonly state: MailboxState;
  /** Of a record. */
  readonly maxBytes: number;
}

interface Draft {
  readonly pending: Pending;
  /** What is said of the next ones of each when the record is stored. */
  readonly drafts: readonly Told[][];
  readonly isFull: boolean;
}

/** As many of the mails that nothing was said of as one record holds, in their order. */
export function draftOf({ asked, told, state, maxBytes }: Question): Draft {
  const pending = new Pending(maxBytes);
  const drafts: Told[][] = asked.map(() => []);
  let isFull = false;
  for (const [index, { mails }] of asked.entries()) {
    const before = told[index] ?? [];
    let hasRoom = !before.some(({ kind }) => kind === 'full');
    for (const mail of mails.slice(before.length)) {
      if (!pending.canHold(mail.frame.length)) return { pending, drafts, isFull };
      const one: Told = hasRoom || state.isEnded ? decide(mail, pending, state) : { kind: 'full' };
      if (one.kind === 'full') [hasRoom, isFull] = [false, true];
      drafts[index]?.push(one);
    }
  }
  return { pending, drafts, isFull };
}

function decide(mail: NewMail, pending: Pending, state: MailboxState): Told {
  if (state.isEnded) return { kind: 'unknown' };
  const item = itemOf(mail);
  const before = state.seenAt(item.key) ?? pending.atOf(item.key);
  if (before !== undefined) return { kind: 'stored', at: before, isNew: false };
  if (!state.hasRoom(item, mail.bounds, pending)) return { kind: 'full' };
  pending.add(item, mail.frame);
  return { kind: 'stored', at: mail.at, isNew: true };
}
