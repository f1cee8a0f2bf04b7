import type { HubAnswer, HubQuestion, LinkOperation, LinkOperationOf, MailboxAck } from '#protocol';

/** What may be asked of whoever keeps something for others: a hub, or a peer that stands in for one. */
export type ServiceQuestion = HubQuestion | LinkOperationOf<'card.get' | 'keypackage.take'>;
export type ServiceAnswer = HubAnswer | LinkOperationOf<'card' | 'keypackage'>;

/** The number of a question is the link's. */
export type WithoutNumber<T> = T extends { readonly n: number } ? Omit<T, 'n'> : never;

export type AskName = ServiceQuestion['op'];
/** A question as the caller writes it. */
export type Ask = WithoutNumber<ServiceQuestion>;
/** What comes for it; a refusal is thrown. */
export type AskAnswer<K extends AskName> = LinkOperationOf<(typeof answersTo)[K][number]>;
/** The place up to which frames are durable at the asker. */
export type Acked = Omit<MailboxAck, 'op'>;

/** Which operations answer which question (spec §12.2). */
export const answersTo = {
  'card.get': ['card'],
  'keypackage.take': ['keypackage'],
  'card.put': ['done'],
  'keypackage.put': ['done'],
  directory: ['listing'],
  fetch: ['frames'],
  presence: ['presence.is'],
  'blob.put': ['done'],
  'blob.drop': ['done'],
  'room.create': ['done'],
  'room.members': ['done'],
  'room.append': ['room.appended', 'room.taken'],
  'room.read': ['room.entries'],
} as const satisfies Record<AskName, readonly ServiceAnswer['op'][]>;

export function isServiceQuestion(operation: LinkOperation): operation is ServiceQuestion {
  return Object.hasOwn(answersTo, operation.op);
}
