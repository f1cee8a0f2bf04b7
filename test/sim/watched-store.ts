import type { InboxWriter, OutboxWriter } from '#delivery';
import type { MeshReader, MeshStore, MeshTransaction } from '#pipeline';
import type { Life } from './life.ts';
import type { Deed } from './truth.ts';

export interface WatchedStoreOptions {
  readonly inner: MeshStore;
  readonly life: Life;
  note(deed: Deed): void;
  /** The number of the message in a body. */
  numberOf(body: Uint8Array): number;
  /** A planted bug between the node and its store. */
  readonly twist?: ((tx: MeshTransaction) => MeshTransaction) | undefined;
}

/** The store as one process has it; what its transactions do is noted, and after the end of the process nothing is answered. */
export class WatchedStore implements MeshStore {
  readonly read: MeshReader;
  readonly #options: WatchedStoreOptions;

  constructor(options: WatchedStoreOptions) {
    this.#options = options;
    this.read = options.inner.read;
  }

  async transact<T>(work: (tx: MeshTransaction) => T): Promise<T> {
    const { inner, life, note, twist = (tx) => tx } = this.#options;
    life.touch('write asked');
    const noting = (tx: MeshTransaction): T => {
      const deeds: Deed[] = [];
      const result = work(this.#watched(twist(tx), deeds));
      // Only of a work that succeeds: the others are undone.
      for (const deed of deeds) note(deed);
      return result;
    };
    return await life.guard(life.isAlive ? inner.transact(noting) : Promise.resolve<T>(undefined as T));
  }

  close(): Promise<void> {
    return this.#options.inner.close();
  }

  #watched(tx: MeshTransaction, deeds: Deed[]): MeshTransaction {
    return {
      contacts: tx.contacts,
      sessions: tx.sessions,
      outbox: watchOutbox(tx.outbox, deeds, this.#options.numberOf),
      inbox: watchInbox(tx.inbox, deeds),
      files: tx.files,
      budgets: tx.budgets,
      guards: tx.guards,
      sources: tx.sources,
      audit: tx.audit,
      values: tx.values,
      history: tx.history,
    };
  }
}

function watchOutbox(outbox: OutboxWriter, deeds: Deed[], numberOf: (body: Uint8Array) => number): OutboxWriter {
  return overriding(outbox, {
    insert(message) {
      deeds.push({ kind: 'said', id: message.id, n: numberOf(message.body) });
      return outbox.insert(message);
    },
    insertFrame(sealed) {
      const { frame, groupId, messageIds } = sealed;
      deeds.push({ kind: 'sealed', frame: frame.id, frameKind: frame.kind, group: groupId, ids: messageIds });
      outbox.insertFrame(sealed);
    },
    unseal(agent, group) {
      deeds.push({ kind: 'unsealed', group });
      return outbox.unseal(agent, group);
    },
    refuseFrame(frame, refused) {
      const ids = outbox.refuseFrame(frame, refused);
      deeds.push({ kind: 'frame refused', frame, code: refused.code, ids });
      return ids;
    },
    refuseWaiting(to, refused) {
      const ids = outbox.refuseWaiting(to, refused);
      if (ids.length > 0) deeds.push({ kind: 'given up', code: refused.code, ids });
      return ids;
    },
    expire(now) {
      const expired = outbox.expire(now);
      if (expired.length > 0) deeds.push({ kind: 'expired', ids: expired.map(({ id }) => id) });
      return expired;
    },
    queueReceipt(to, receipt) {
      deeds.push({ kind: 'owed', receipt });
      outbox.queueReceipt(to, receipt);
    },
  });
}

function watchInbox(inbox: InboxWriter, deeds: Deed[]): InboxWriter {
  return overriding(inbox, {
    insert(message) {
      const isNew = inbox.insert(message);
      if (isNew) deeds.push({ kind: 'taken', id: message.id });
      return isNew;
    },
    rememberFrame(agent, sender, frame) {
      deeds.push({ kind: 'opened', frame: frame.frameId, refused: frame.refused });
      inbox.rememberFrame(agent, sender, frame);
    },
    lease(query) {
      const leased = inbox.lease(query);
      if (leased.length > 0) deeds.push({ kind: 'leased', ids: leased.map(({ id }) => id) });
      return leased;
    },
    markSeen(agent, ids, at) {
      deeds.push({ kind: 'looked at', ids });
      inbox.markSeen(agent, ids, at);
    },
    complete(agent, id, answerId) {
      deeds.push({ kind: 'handled', id, answerId });
      inbox.complete(agent, id, answerId);
    },
    completeAll(leased) {
      for (const { id } of leased) deeds.push({ kind: 'handled', id, answerId: undefined });
      inbox.completeAll(leased);
    },
    bury(agent, id, death) {
      deeds.push({ kind: 'buried', id, reason: death.reason });
      inbox.bury(agent, id, death);
    },
  });
}

/** The same object with some of its methods replaced. */
export function overriding<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const replaced: unknown = Reflect.get(methods, name);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function'
        ? (...call: readonly unknown[]): unknown => Reflect.apply(value, target, call)
        : value;
    },
  });
}
