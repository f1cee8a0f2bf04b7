import { MeshError } from '#kernel';
import type { EndWitness } from '#delivery';
import type { MessageType, Priority } from '#protocol';

// Numbers in the database: fixed for ever, whatever order the protocol room lists the names in.
const typeCodes: Readonly<Record<MessageType, number>> = { request: 0, response: 1, notification: 2, alert: 3, ack: 4 };
// Sending order: high first.
const priorityCodes: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };

const typeNames = namesOf(typeCodes);
const priorityNames = namesOf(priorityCodes);

export const typeCode = (type: MessageType): number => typeCodes[type];
export const priorityCode = (priority: Priority): number => priorityCodes[priority];
export const typeName = (code: number): MessageType => known(typeNames[code]);
export const priorityName = (code: number): Priority => known(priorityNames[code]);

/** How a message in the outbox ended; 0 is not used, so that NULL alone means that it did not. */
export const endCodes = {
  refused: 1,
  expired: 2,
  dead: 3,
  cancelled: 4,
  /** Its frame is gone and the peer proved to have it: nothing is left to do. */
  settled: 5,
  /** It has not ended: it waits for the owner, and for nothing else until then. */
  held: 6,
} as const;

/** Who said how it ended. */
export const endWitnesses: readonly EndWitness[] = ['this node', 'receipt', 'link'];
export const witnessCode = (witness: EndWitness): number => endWitnesses.indexOf(witness);

/** Where an inbox message is. Below `handled` it is in the partial index `inbox_open`, by which all queries find it. */
export const phases = {
  fresh: 0,
  tried: 1,
  leased: 2,
  dead: 3,
  /** Added to those above when a person read the message. */
  read: 4,
  handled: 8,
} as const;

function namesOf<T extends string>(codes: Readonly<Record<T, number>>): readonly T[] {
  const names: T[] = [];
  for (const name of Object.keys(codes) as T[]) names[codes[name]] = name;
  return names;
}

function known<T>(name: T | undefined): T {
  if (name === undefined) throw new MeshError('STORE_CORRUPT', 'A row has a number that stands for nothing');
  return name;
}
