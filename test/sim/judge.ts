import { createHash } from 'node:crypto';
import type { LogFields } from '#kernel';
import type { AgentId } from '#identity';
import type { FrameId, MessageId } from '#protocol';
import type { OutboxState } from '#delivery';
import type { InboundMessage } from '#runtime';
import type { NodeEvent } from '../../src/node/node-event.ts';
import { type Ledger, type MessageTruth, type Said, secretPrefix, type Turn } from './ledger.ts';
import type { Machine } from './machine.ts';
import { type Deed, isTrue, type TrueFact } from './truth.ts';

/** A rule that was broken: what happened, and whom it concerns. */
export interface Violation {
  readonly rule: string;
  readonly about: readonly string[];
  readonly text: string;
}

/** What must not be readable in anything that leaves a node: texts, and ids of messages and conversations. */
const secrets = [secretPrefix, 'msg_019', 'conv_019'].map((text) => Buffer.from(text));

export interface JudgeOptions {
  readonly ledger: Ledger;
  /** Messages said before this are not in order any more at this pair: one of the two was set back. */
  orderedSince(from: string, to: string): number;
  machineOf(agentId: AgentId): string | undefined;
  /** Something happened that ends sessions: a key, a contact or a database was replaced. */
  mayLoseSession(one: string, other: string): boolean;
  now(): number;
}

/** A state of a message as people see it. */
export interface Shown {
  readonly id: MessageId;
  readonly state: OutboxState;
  readonly reason?: string | undefined;
  readonly way: 'event' | 'answer';
}

/** What people are shown, by state: later ones say more. */
const ranks: Partial<Record<OutboxState, number>> = {
  queued: 0,
  sent: 1,
  stored: 1,
  delivered: 2,
  seen: 3,
  answered: 4,
};

/** Looks at everything that happens, and notes the first thing that must not. */
export class Judge {
  violation: Violation | undefined;
  readonly #options: JudgeOptions;
  readonly #written = new Map<FrameId, string>();
  readonly #lastOffered = new Map<string, Said>();
  /** What was shown last, in events and when somebody asked: each by itself moves only forwards. */
  readonly #shown = { event: new Map<MessageId, OutboxState>(), answer: new Map<MessageId, OutboxState>() };

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  blame(rule: string, about: readonly string[], text: string): void {
    this.violation ??= { rule, about, text };
  }

  wasWritten(frame: FrameId): boolean {
    return this.#written.has(frame);
  }

  /** Bytes that left a node. */
  bytes(between: { readonly from: string; readonly to: string }, bytes: Uint8Array): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const found = secrets.find((secret) => text.includes(secret));
    if (found === undefined) return;
    const { from, to } = between;
    this.blame(
      'secrecy',
      [from, to],
      `${from} wrote ${found.toString()}… to the link with ${to} for everybody to read`,
    );
  }

  /** A sealed frame on a link: what is sent again is sent as it was. */
  frame(from: string, id: FrameId, bytes: Uint8Array): void {
    const hash = createHash('sha256').update(bytes).digest('base64');
    const before = this.#written.get(id);
    if (before !== undefined && before !== hash)
      this.blame('verbatim', [from], `${from} sent the frame ${id} again with other bytes`);
    this.#written.set(id, hash);
  }

  /** A node did something that is committed. */
  fact({ node, deed }: TrueFact): void {
    if (deed.kind !== 'sealed') return;
    const { ledger } = this.#options;
    for (const id of deed.ids) {
      const before = ledger
        .truthOf(id)
        .standing('sealed', node)
        .flatMap((fact) => (fact.deed.kind === 'sealed' ? [fact.deed.frame] : []));
      const refused = before.find((frame) =>
        (ledger.frames.get(frame) ?? []).some((fact) => fact.deed.kind === 'frame refused' && isTrue(fact)),
      );
      const said = ledger.byId(id);
      if (refused !== undefined && said !== undefined)
        this.blame(
          'final',
          aboutOf(said),
          `${node} sends ${nameOf(said)} again after the frame ${refused.slice(-6)} that held it was refused`,
        );
    }
  }

  log(machine: { readonly name: string }, line: { readonly event: string; readonly fields: LogFields }): void {
    const { event, fields } = line;
    const text = JSON.stringify(fields);
    if (text.includes(secretPrefix))
      this.blame('secrecy', [machine.name], `${machine.name} logged the text of a message: ${event}`);
    if (fields['code'] === 'INTERNAL')
      this.blame('soundness', [machine.name], `${machine.name} logged an internal error: ${event} ${text}`);
  }

  /** A program is given a message. */
  offer(machine: Machine, inbound: InboundMessage): Turn {
    const { message } = inbound;
    const { ledger } = this.#options;
    const { name } = machine;
    const turn: Turn = { id: message.id, node: name, life: machine.lives, at: this.#options.now(), outcome: 'running' };
    const truth = ledger.truthOf(message.id);
    const said = ledger.byId(message.id);
    if (said === undefined) this.blame('authenticity', [name], `${name} was given ${message.id}, which nobody sent`);
    else {
      const about = aboutOf(said);
      if (said.to !== name || said.body !== message.payload.body || this.#options.machineOf(message.from) !== said.from)
        this.blame(
          'authenticity',
          about,
          `${name} was given ${nameOf(said)} as a message of somebody else or with another text`,
        );
      this.#onceOnly(said, truth, machine);
      this.#inOrder(said, truth);
    }
    truth.turns.push(turn);
    return turn;
  }

  /** What a node tells its people. */
  event(machine: Machine, event: NodeEvent): void {
    if (event.type === 'session-replaced') {
      const { name } = machine;
      const peer = this.#options.machineOf(event.peer) ?? event.peer;
      if (!this.#options.mayLoseSession(name, peer))
        this.blame(
          'session',
          [name, peer],
          `${name} replaced its session with ${peer} (${event.reason}), which nothing had harmed`,
        );
    }
    if (event.type !== 'state') return;
    for (const id of event.ids) this.claim(machine, { id, state: event.state, reason: event.reason, way: 'event' });
  }

  /** A state of a message that a node shows, by event or when asked. */
  claim(machine: Machine, shown: Shown): void {
    const { id, state, reason, way } = shown;
    const said = this.#options.ledger.byId(id);
    if (said === undefined) return;
    const truth = this.#options.ledger.truthOf(id);
    const why = reason === undefined ? '' : ` (${reason})`;
    if (!this.#holds(said, truth, shown))
      this.blame('truth', aboutOf(said), `${machine.name} shows ${nameOf(said)} as ${state}${why}, which is not so`);
    const before = this.#shown[way].get(id);
    const [rank, last] = [ranks[state], before === undefined ? undefined : ranks[before]];
    if (rank !== undefined && last !== undefined && last >= 2 && rank < last)
      this.blame('truth', aboutOf(said), `${machine.name} shows ${nameOf(said)} as ${state} after it was ${before}`);
    this.#shown[way].set(id, state);
  }

  /** The process ended: what it read and was not on the disk yet may be gone. */
  ended(name: string): void {
    this.#forgetShown(name, 'answer');
  }

  /** The node was set back: what it showed before counts no more. */
  forget(name: string): void {
    this.#forgetShown(name, 'answer');
    this.#forgetShown(name, 'event');
    for (const [way, said] of this.#lastOffered)
      if (said.from === name || said.to === name) this.#lastOffered.delete(way);
  }

  #forgetShown(name: string, way: Shown['way']): void {
    for (const id of this.#shown[way].keys())
      if (this.#options.ledger.byId(id)?.from === name) this.#shown[way].delete(id);
  }

  #onceOnly(said: Said, truth: MessageTruth, { name, lives }: Machine): void {
    const about = aboutOf(said);
    if (truth.standing('taken', name).length === 0)
      this.blame('durability', about, `${name} was given ${nameOf(said)} before it was stored`);
    if (truth.standing('handled', name).length > 0)
      this.blame('once', about, `${name} was given ${nameOf(said)} again after it was done with it`);
    if (truth.turns.some(({ node, life, outcome }) => node === name && life === lives && outcome !== 'failed'))
      this.blame('once', about, `${name} was given ${nameOf(said)} twice by one process`);
    const twin = this.#twins(said).find(
      ({ id }) => id !== undefined && this.#options.ledger.truthOf(id).standing('taken', name).length > 0,
    );
    if (twin !== undefined)
      this.blame('once', about, `${name} was given ${nameOf(said)}, though ${nameOf(twin)} has the same key`);
  }

  #inOrder(said: Said, truth: MessageTruth): void {
    if (truth.turns.length > 0 || said.askedAt < this.#options.orderedSince(said.from, said.to)) return;
    const way = [said.from, said.to, said.priority, said.isAnswer].join(' ');
    const last = this.#lastOffered.get(way);
    if (last !== undefined && last.n > said.n)
      this.blame(
        'order',
        aboutOf(said),
        `${said.to} was given ${nameOf(said)} after ${nameOf(last)}, which was sent later`,
      );
    else this.#lastOffered.set(way, said);
  }

  /** Others with the same key, of which only one counts. */
  #twins(said: Said): readonly Said[] {
    return this.#options.ledger.twinsOf(said);
  }

  #holds(said: Said, truth: MessageTruth, { state, reason }: Shown): boolean {
    const { to, from } = said;
    const twins = this.#twins(said).flatMap(({ id }) => (id === undefined ? [] : this.#options.ledger.truthOf(id)));
    const isSo = (...kinds: readonly Deed['kind'][]): boolean =>
      [truth, ...twins].some((one) => kinds.some((kind) => one.ever(kind, to)));
    switch (state) {
      case 'queued':
      case 'review':
        return true;
      case 'sent':
        return truth.facts.some(({ deed }) => deed.kind === 'sealed' && this.#written.has(deed.frame));
      case 'stored':
        return truth.facts.some(({ deed }) => deed.kind === 'sealed' && this.#options.ledger.kept.has(deed.frame));
      case 'delivered':
        return isSo('taken');
      case 'seen':
        return isSo('leased', 'looked at');
      case 'answered':
        return isSo('handled') || this.#repliedTo(truth, to);
      case 'refused':
        return truth.ever('given up', from) || this.#refused(said, truth, reason);
      case 'expired':
        return truth.ever('expired', from) || this.#refused(said, truth, reason);
      case 'dead':
      case 'cancelled':
        return false;
    }
  }

  /** Somebody answered it, whatever the program does with it. */
  #repliedTo(truth: MessageTruth, to: string): boolean {
    const { ledger } = this.#options;
    return truth.facts.some(
      ({ node, deed }) =>
        node === to &&
        deed.kind === 'owed' &&
        deed.receipt.kind === 'answered' &&
        ledger.truthOf(deed.receipt.answerId).ever('said', to),
    );
  }

  /** The peer said so: about the message, or about the frame it was in, and then it does not have it. */
  #refused({ to, from, askedAt }: Said, truth: MessageTruth, reason: string | undefined): boolean {
    const byReceipt = truth.facts.some(
      ({ deed, node }) =>
        node === to &&
        deed.kind === 'owed' &&
        deed.receipt.kind === 'refused' &&
        (reason === undefined || deed.receipt.code === reason),
    );
    if (byReceipt) return true;
    const isTaken = truth.standing('taken', to).length > 0;
    // A node that was set back sends again what the peer has had for long, and then the peer may think otherwise.
    return truth.ever('frame refused', from) && (!isTaken || askedAt < this.#options.orderedSince(from, from));
  }
}

export const nameOf = ({ n, from, to }: Said): string => `#${n} (${from} to ${to})`;
export const aboutOf = ({ n, from, to }: Said): readonly string[] => [`#${n}`, from, to];
