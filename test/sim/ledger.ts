import type { ErrorCode } from '#kernel';
import type { FrameId, MessageId, MessageType, Priority } from '#protocol';
import { isTrue, type Deed, type TrueFact, wasTrue } from './truth.ts';

/** What became of the call that said it. Of `unknown` the caller never heard: its process ended, or its disk failed. */
export type Outcome = 'asked' | 'accepted' | 'rejected' | 'unknown';

/** Something that an agent said to another, or that its program answered. */
export interface Said {
  readonly n: number;
  readonly from: string;
  readonly to: string;
  readonly type: MessageType;
  readonly priority: Priority;
  readonly body: string;
  readonly isAnswer: boolean;
  /** Several with one key are one message. */
  readonly key: string | undefined;
  readonly askedAt: number;
  outcome: Outcome;
  code: ErrorCode | undefined;
  /** Of the call that accepted it, or as it was stored. */
  id: MessageId | undefined;
}

/** One time that a program was given a message. */
export interface Turn {
  readonly id: MessageId;
  readonly node: string;
  readonly life: number;
  readonly at: number;
  outcome: 'running' | 'returned' | 'failed';
}

/** What is known of one message id from the transactions of both ends. */
export class MessageTruth {
  readonly facts: TrueFact[] = [];
  readonly turns: Turn[] = [];

  /** Facts of that kind at the node that stand now. */
  standing<K extends Deed['kind']>(kind: K, node?: string): readonly TrueFact[] {
    return this.facts.filter(
      (fact) => fact.deed.kind === kind && isTrue(fact) && (node === undefined || fact.node === node),
    );
  }

  /** True when it was ever so, durably or now. */
  ever(kind: Deed['kind'], node?: string): boolean {
    return this.facts.some(
      (fact) => fact.deed.kind === kind && wasTrue(fact) && (node === undefined || fact.node === node),
    );
  }
}

export const secretPrefix = 'sim-secret-';

/** Everything that was said and everything that was done about it. */
export class Ledger {
  readonly said: Said[] = [];
  readonly frames = new Map<FrameId, TrueFact[]>();
  /** Frames that a hub says it keeps. */
  readonly kept = new Set<FrameId>();
  readonly #ids = new Map<MessageId, MessageTruth>();
  readonly #numbers = new Map<MessageId, Said>();

  say(saying: Omit<Said, 'n' | 'body' | 'outcome' | 'code' | 'id'>, filler: string): Said {
    const n = this.said.length + 1;
    const body = `${secretPrefix}${n}. ${filler}`;
    const said: Said = { ...saying, n, body, outcome: 'asked', code: undefined, id: undefined };
    this.said.push(said);
    return said;
  }

  numberOf(body: Uint8Array): number {
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const start = text.indexOf(secretPrefix);
    return start === -1 ? 0 : Number.parseInt(text.toString('latin1', start + secretPrefix.length, start + 40), 10);
  }

  /** The saying with this number, if there is one. */
  number(n: number): Said | undefined {
    return this.said[n - 1];
  }

  byId(id: MessageId): Said | undefined {
    return this.#numbers.get(id);
  }

  /** Others with the same key that were stored as messages of their own: only one of them all counts. */
  twinsOf({ key, from, to, id }: Said): readonly Said[] {
    if (key === undefined) return [];
    return this.said.filter((other) => other.key === key && other.from === from && other.to === to && other.id !== id);
  }

  truthOf(id: MessageId): MessageTruth {
    const known = this.#ids.get(id) ?? new MessageTruth();
    this.#ids.set(id, known);
    return known;
  }

  /** A transaction did this and is committed, or about to be. */
  note(fact: TrueFact): void {
    const { deed } = fact;
    if (deed.kind === 'said') this.#bind(deed.id, deed.n);
    for (const id of idsOf(deed)) this.truthOf(id).facts.push(fact);
    const frame = frameOf(deed);
    if (frame === undefined) return;
    const known = this.frames.get(frame);
    if (known === undefined) this.frames.set(frame, [fact]);
    else known.push(fact);
  }

  #bind(id: MessageId, n: number): void {
    const said = this.number(n);
    if (said === undefined) return;
    this.#numbers.set(id, said);
    said.id ??= id;
  }
}

function idsOf(deed: Deed): readonly MessageId[] {
  if ('ids' in deed) return deed.ids;
  if ('id' in deed) return [deed.id];
  if (deed.kind !== 'owed' || deed.receipt.kind === 'delivered') return [];
  return deed.receipt.kind === 'seen' ? deed.receipt.messageIds : [deed.receipt.messageId];
}

function frameOf(deed: Deed): FrameId | undefined {
  if (deed.kind === 'sealed' || deed.kind === 'opened' || deed.kind === 'frame refused') return deed.frame;
  if (deed.kind === 'owed' && deed.receipt.kind === 'delivered') return deed.receipt.frameId;
  return undefined;
}
