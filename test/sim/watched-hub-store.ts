import type { HubStore } from '#hub';
import type { FrameId } from '#protocol';
import type { Life } from './life.ts';
import { overriding } from './watched-store.ts';

export interface GuardedStoreOptions {
  readonly inner: HubStore;
  readonly life: Life;
  /** The frame is said to be kept. */
  onStored(frame: FrameId): void;
}

/** The store of a hub as one process has it: after the end of the process nothing is answered. */
export function guardedStore({ inner, life, onStored }: GuardedStoreOptions): HubStore {
  const guarded = <T extends object>(part: T): T => guardedPart(part, life);
  const { mailboxes } = inner;
  return {
    agents: guarded(inner.agents),
    mailboxes: guarded(
      overriding(mailboxes, {
        async append(mails) {
          const appended = await mailboxes.append(mails);
          for (const [index, { kind }] of appended.entries()) {
            const id = mails[index]?.id;
            if (life.isAlive && kind === 'stored' && id !== undefined) onStored(id);
          }
          return appended;
        },
      }),
    ),
    keyPackages: guarded(inner.keyPackages),
    rooms: guarded(inner.rooms),
    blobs: guarded(inner.blobs),
    invites: guarded(inner.invites),
    totals: () => life.guard(inner.totals()),
    close: () => life.guard(inner.close()),
  };
}

/** Every method of a hub's store answers by a promise. */
function guardedPart<T extends object>(part: T, life: Life): T {
  return new Proxy(part, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...call: readonly unknown[]): unknown => {
        if (!life.touch('write asked')) return life.guard(Promise.resolve());
        return life.guard(Promise.resolve(Reflect.apply(method, target, call)));
      };
    },
  });
}
