import { type ErrorCode, MeshError } from '#kernel';
import type { MeshReader, MeshStore, MeshTransaction } from '#pipeline';

/** A write as `room.method id`, such as `outbox.insertFrame frm_…`. */
export type Write = string;

/** Whether these writes of one transaction are the ones meant. */
export type Meant = (writes: readonly Write[]) => boolean;

export const writing =
  (...starts: readonly string[]): Meant =>
  (writes) =>
    starts.every((start) => writes.some((write) => write.startsWith(start)));

interface Fault {
  readonly meant: Meant;
  readonly kind: 'refuse' | 'crash-before' | 'crash-after';
  readonly code: ErrorCode;
  readonly hit: PromiseWithResolvers<void>;
  times: number;
}

/**
 * A store whose commits fail, wait, or are the last thing that its process does, at the moment that a test chooses. After a crash
 * nothing that was asked of it is ever answered.
 */
export class FaultyStore implements MeshStore {
  readonly read: MeshReader;
  /** The writes of every transaction that committed, in order. */
  readonly committed: (readonly Write[])[] = [];
  onCommit: (writes: readonly Write[]) => void = () => {};
  readonly #inner: MeshStore;
  readonly #crash: () => void;
  readonly #faults: Fault[] = [];
  #held: PromiseWithResolvers<void> | undefined;
  #waiting = 0;
  #busy = 0;
  #dead = false;

  constructor(inner: MeshStore, crash: () => void = () => {}) {
    this.#inner = inner;
    this.#crash = crash;
    this.read = inner.read;
  }

  async transact<T>(work: (tx: MeshTransaction) => T): Promise<T> {
    while (this.#held !== undefined) {
      this.#waiting += 1;
      await this.#held.promise;
    }
    if (this.#dead) return await never();
    let writes: readonly Write[] = [];
    this.#busy += 1;
    try {
      const value = await this.#inner.transact((tx) => {
        const noted: Write[] = [];
        const result = work(noting(tx, noted));
        writes = noted;
        this.#meet(noted);
        return result;
      });
      this.committed.push(writes);
      this.onCommit(writes);
      if (this.#take('crash-after', writes) !== undefined) this.die();
      return this.#isDead() ? await never() : value;
    } catch (error) {
      if (this.#isDead()) return await never();
      throw error;
    } finally {
      this.#busy -= 1;
    }
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  /** True while a transaction is on its way to the disk. */
  get isBusy(): boolean {
    return this.#busy > 0;
  }

  /** How many transactions wait for `release`. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Transactions that begin from now on wait. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    const held = this.#held;
    this.#held = undefined;
    this.#waiting = 0;
    held?.resolve();
  }

  /** The next `times` such transactions fail. Resolves when the first did. */
  refuse(meant: Meant, options: { times?: number; code?: ErrorCode } = {}): Promise<void> {
    const { times = 1, code = 'STORE_FULL' } = options;
    return this.#add({ meant, kind: 'refuse', times, code });
  }

  /** The process ends when it is about to commit this. */
  crashBefore(meant: Meant): Promise<void> {
    return this.#add({ meant, kind: 'crash-before', times: 1, code: 'INTERNAL' });
  }

  /** The process ends when this is committed and nobody knows yet. */
  crashAfter(meant: Meant): Promise<void> {
    return this.#add({ meant, kind: 'crash-after', times: 1, code: 'INTERNAL' });
  }

  /** Every fault is forgotten. */
  heal(): void {
    this.#faults.length = 0;
  }

  die(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#crash();
  }

  #isDead(): boolean {
    return this.#dead;
  }

  #add(fault: Omit<Fault, 'hit'>): Promise<void> {
    const hit = Promise.withResolvers<void>();
    this.#faults.push({ ...fault, hit });
    return hit.promise;
  }

  #take(kind: Fault['kind'], writes: readonly Write[]): Fault | undefined {
    const fault = this.#faults.find((one) => one.kind === kind && one.meant(writes));
    if (fault === undefined) return undefined;
    fault.times -= 1;
    if (fault.times <= 0) this.#faults.splice(this.#faults.indexOf(fault), 1);
    fault.hit.resolve();
    return fault;
  }

  /** Inside the transaction: what throws here is undone. */
  #meet(writes: readonly Write[]): void {
    if (this.#dead) throw new MeshError('INTERNAL', 'The process is gone');
    if (this.#take('crash-before', writes) !== undefined) {
      this.die();
      throw new MeshError('INTERNAL', 'The process is gone');
    }
    const refused = this.#take('refuse', writes);
    if (refused !== undefined) throw new MeshError(refused.code, 'The test lets this commit fail');
  }
}

const never = (): Promise<never> => new Promise<never>(() => {});

/** The same transaction; every write through it is noted. */
export function noting(tx: MeshTransaction, writes: Write[]): MeshTransaction {
  return {
    contacts: noted(tx.contacts, 'contacts', writes),
    sessions: noted(tx.sessions, 'sessions', writes),
    outbox: noted(tx.outbox, 'outbox', writes),
    inbox: noted(tx.inbox, 'inbox', writes),
    files: noted(tx.files, 'files', writes),
    budgets: noted(tx.budgets, 'budgets', writes),
    guards: noted(tx.guards, 'guards', writes),
    sources: noted(tx.sources, 'sources', writes),
    audit: tx.audit,
    values: tx.values,
    history: tx.history,
  };
}

function noted<T extends object>(writer: T, room: string, writes: Write[]): T {
  return new Proxy(writer, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...parts: readonly unknown[]): unknown => {
        writes.push(`${room}.${String(name)} ${parts.map(idIn).join(' ')}`.trimEnd());
        return Reflect.apply(value, target, parts);
      };
    },
  });
}

/** The id that an argument is about; nothing for others. */
function idIn(part: unknown): string {
  if (typeof part === 'string') return part;
  if (typeof part !== 'object' || part === null) return '';
  if ('frame' in part) return idIn(part.frame);
  for (const key of ['frameId', 'id', 'groupId', 'agentId', 'kind'] as const) {
    if (key in part) return String(Reflect.get(part, key));
  }
  return '';
}
