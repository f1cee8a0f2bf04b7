import type { InboxMessage, OutboxMessage } from '#delivery';
import type { MessageType } from '#protocol';
import { stateDir } from '#node';
import { openReadOnlyStore } from '#storage';

/** What the database of a side says about messages. */
export interface Rows {
  readonly outbox: readonly Pick<
    OutboxMessage,
    'id' | 'state' | 'type' | 'answerId' | 'reason' | 'attempts' | 'correlationId'
  >[];
  readonly inbox: readonly Pick<InboxMessage, 'id' | 'state' | 'type' | 'attempts' | 'correlationId' | 'error'>[];
}

interface Place {
  readonly stateDir: string;
  readonly name: string;
}

const all = 1_000_000;
const lately = 300;

/** Everything. */
export async function readRows({ stateDir: path, name: agent }: Place): Promise<Rows> {
  const store = await openReadOnlyStore(stateDir(path).database);
  try {
    const { outbox, inbox } = store.read;
    return { outbox: outbox.list({ agent, limit: all }), inbox: inbox.list({ agent, limit: all }) };
  } finally {
    await store.close();
  }
}

/** Messages that were with the handler when the process ended: they are offered again. */
export async function readLeased({ stateDir: path, name: agent }: Place): Promise<readonly string[]> {
  const store = await openReadOnlyStore(stateDir(path).database);
  try {
    return store.read.inbox
      .list({ agent, limit: all, unread: true })
      .filter(({ state }) => state === 'leased')
      .map(({ id }) => id);
  } finally {
    await store.close();
  }
}

const shown = ['delivered', 'seen', 'answered'] as const;

/** States that `from` shows of late and that the database of `to` does not bear out, in words. Both may be at work. */
export async function findUntruths(from: Place, to: Place): Promise<readonly string[]> {
  const sender = await openReadOnlyStore(stateDir(from.stateDir).database);
  try {
    const said = sender.read.outbox.list({ agent: from.name, states: shown, limit: lately });
    const receiver = await openReadOnlyStore(stateDir(to.stateDir).database);
    try {
      const { inbox, outbox } = receiver.read;
      return said.flatMap(({ id, state, answerId }) => {
        if (inbox.message(to.name, id) === undefined) {
          return [`${from.name} shows ${id} as ${state}, and ${to.name} does not have it`];
        }
        if (answerId === undefined || outbox.message(to.name, answerId) !== undefined) return [];
        return [`${from.name} shows ${id} as answered by ${answerId}, and ${to.name} has no such answer`];
      });
    } finally {
      await receiver.close();
    }
  } finally {
    await sender.close();
  }
}

export interface Busy {
  readonly offered: readonly MessageType[];
}

/** What is still on its way at this side, in words; empty when nothing is. */
export async function findWork(place: Place, { offered }: Busy): Promise<readonly string[]> {
  const { name: agent } = place;
  const store = await openReadOnlyStore(stateDir(place.stateDir).database);
  try {
    const { outbox, inbox } = store.read;
    const depths = outbox.depths(agent).filter(({ waiting, inFlight }) => waiting + inFlight > 0);
    const { leased } = inbox.counts(agent);
    return [
      ...depths.map(
        ({ waiting, inFlight }) => `${agent} has ${waiting} messages to seal and ${inFlight} frames under way`,
      ),
      ...(outbox.peersWithWork(agent).length > 0 && depths.length === 0 ? [`${agent} has receipts to send`] : []),
      ...(inbox.waitingSenders(agent, offered).length > 0
        ? [`${agent} has messages that wait for the handler (${inbox.counts(agent).waiting})`]
        : []),
      ...(leased > 0 ? [`${agent} has ${leased} messages at the handler`] : []),
    ];
  } finally {
    await store.close();
  }
}
