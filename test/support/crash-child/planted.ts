import { systemClock } from '#kernel';
import type { AgentId } from '#identity';
import type { MeshStore, MeshTransaction } from '#pipeline';
import type { MessageId } from '#protocol';
import { AgentHost } from '../../../src/node/agent-host.ts';
import type { WalSync } from '../../../src/storage/sqlite/wal-sync.ts';
import { openArmedStore, type OpenStore } from './armed-store.ts';
import type { Setup } from './setup.ts';
import type { Trigger } from './trigger.ts';

/** Faults of a mesh that the checks must find, each with the point at which it shows. */
export const plantedFaults = {
  /** The far end is told that a frame is stored while it is on its way to the store. */
  'acknowledges-before-commit': 'receive.before-commit',
  /** Commits count as durable while they are on their way to the disk. */
  'tells-before-sync': 'link.answer-written',
  /** A lease ends when the handler begins. */
  'completes-before-handler': 'handler.begun',
  /** Delivered is what the socket took. */
  'believes-the-socket': 'receive.before-commit',
} as const;
export type PlantedFault = keyof typeof plantedFaults;

/** The armed store of a node with the fault; without a fault, just that. */
export function openPlanted({ planted, name }: Setup, trigger: Trigger): OpenStore {
  if (planted === 'acknowledges-before-commit') acknowledgeEarly();
  if (planted === 'tells-before-sync') return openArmedStore(trigger, lateSync);
  const open = openArmedStore(trigger);
  if (planted === 'completes-before-handler') return changing(open, (tx) => completing(tx, name));
  if (planted === 'believes-the-socket') return changing(open, (tx) => believing(tx, name));
  return open;
}

function acknowledgeEarly(): void {
  const { onFrame } = AgentHost.prototype;
  AgentHost.prototype.onFrame = async function (frame, link) {
    const outcome = onFrame.call(this, frame, link);
    if (frame.kind !== 'app') return outcome;
    outcome.catch(() => undefined);
    return { kind: 'delivered' };
  };
}

const lateMs = 300;

function lateSync(wal: WalSync): WalSync {
  let due: Promise<void> | undefined;
  return {
    sync: async () => {
      due ??= systemClock.sleep(lateMs).then(() => {
        due = undefined;
        return wal.sync();
      });
    },
    close: () => wal.close(),
  };
}

const changing =
  (open: OpenStore, change: (tx: MeshTransaction) => MeshTransaction): OpenStore =>
  async (options) => {
    const store = await open(options);
    return {
      read: store.read,
      close: () => store.close(),
      transact: (work) => store.transact((tx) => work(change(tx))),
    } satisfies MeshStore;
  };

function completing(tx: MeshTransaction, agent: string): MeshTransaction {
  return { ...tx, inbox: withMethod(tx.inbox, 'lease', (query: never) => complete(tx, agent, tx.inbox.lease(query))) };
}

function complete<T extends { readonly id: MessageId }>(
  tx: MeshTransaction,
  agent: string,
  leased: readonly T[],
): readonly T[] {
  for (const { id } of leased) tx.inbox.complete(agent, id);
  return leased;
}

function believing(tx: MeshTransaction, agent: string): MeshTransaction {
  const markSent: MeshTransaction['outbox']['markSent'] = (frameId, sent) => {
    const ids = tx.outbox.markSent(frameId, sent);
    for (const { agentId } of tx.contacts.list({ agent })) deliver(tx, { agent, peer: agentId, frameId, at: sent.at });
    return ids;
  };
  return { ...tx, outbox: withMethod(tx.outbox, 'markSent', markSent) };
}

interface Delivery {
  readonly agent: string;
  readonly peer: AgentId;
  readonly frameId: Parameters<MeshTransaction['outbox']['markSent']>[0];
  readonly at: number;
}

function deliver(tx: MeshTransaction, { agent, peer, frameId, at }: Delivery): void {
  tx.outbox.applyReceipt({ agent, peer }, { kind: 'delivered', frameId, at });
}

/** The same object with another method. */
function withMethod<T extends object, K extends keyof T>(target: T, name: K, method: T[K]): T {
  return new Proxy(target, {
    get: (whole, key) => {
      if (key === name) return method;
      const value: unknown = Reflect.get(whole, key, whole);
      return typeof value === 'function'
        ? (...parts: readonly unknown[]): unknown => Reflect.apply(value, whole, parts as unknown[])
        : value;
    },
  });
}
