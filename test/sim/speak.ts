import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { MessageId, MessageType, Priority } from '#protocol';
import type { CallEnd } from './calls.ts';
import type { Said } from './ledger.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

export const signalled = { signal: new AbortController().signal };

export interface Manner {
  readonly from: string;
  readonly to: string;
  readonly filler: string;
  readonly type?: MessageType | undefined;
  readonly priority?: Priority | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly key?: string | undefined;
}

/** The id by which one machine's agent knows that of the other; undefined when they are no contacts. */
export function knownId(one: Machine, other: Machine): AgentId | undefined {
  return other.agentIds.find((agentId) => one.host.contact(agentId) !== undefined);
}

/** After these the message may be on its way all the same: it was in the log when the disk failed. */
const undecided: ReadonlySet<ErrorCode> = new Set([
  'STORE_FULL',
  'STORE_UNREADABLE',
  'STORE_CORRUPT',
  'SHUTTING_DOWN',
  'INTERNAL',
]);

/** An agent sends a message, if its node is up and knows the other. */
export function speak(world: World, manner: Manner): void {
  const { ledger, story, timeline, calls } = world;
  const { from, to, type = 'notification', priority = 'normal', ttlSeconds, key, filler } = manner;
  const machine = world.machine(from);
  if (!machine.isUp) return;
  const peer = knownId(machine, world.machine(to));
  if (peer === undefined) return;
  const said = ledger.say({ from, to, type, priority, key, isAnswer: false, askedAt: timeline.now }, filler);
  const about = [`#${said.n}`, from, to];
  const how = [
    priority,
    type,
    ttlSeconds === undefined ? '' : `ttl ${ttlSeconds} s`,
    key === undefined ? '' : `key ${key}`,
  ];
  story.tell(about, `${from} sends #${said.n} to ${to} (${how.filter((word) => word !== '').join(', ')})`);
  const text = { text: said.body, metadata: { note: said.body }, subject: said.body.slice(0, 60) };
  const input = { to: peer, type, priority, ttlSeconds, idempotencyKey: key, ...text };
  calls.make(machine, (api) => api.send(input, signalled), whatBecameOf(world, said));
}

/** Notes how the call ended that said it. */
export function whatBecameOf(
  { ledger, story }: World,
  said: Said,
): CallEnd<{ readonly id: string; readonly duplicate: boolean }> {
  const { n, from, to } = said;
  const about = [`#${n}`, from, to];
  return {
    onDone: ({ id, duplicate }) => {
      said.outcome = 'accepted';
      said.id = id as MessageId;
      story.tell(
        about,
        `${from} accepts #${n}${duplicate ? `, which is #${ledger.byId(id as MessageId)?.n ?? '?'}` : ''}`,
      );
    },
    onFail: (code) => {
      said.outcome = undecided.has(code) ? 'unknown' : 'rejected';
      said.code = code;
      story.tell(about, `${from} does not accept #${n} (${code})`);
    },
    onLost: () => {
      said.outcome = 'unknown';
      story.tell(about, `${from}'s caller never hears whether #${n} was accepted`);
    },
  };
}
