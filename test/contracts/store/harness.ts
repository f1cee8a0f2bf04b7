import { afterEach } from 'vitest';
import type { MeshStore } from '#pipeline';

export interface StoreHarness {
  readonly name: string;
  open(): Promise<MeshStore>;
  /** Closes the store and opens what it left, for stores that outlive a process. */
  readonly reopen?: (store: MeshStore) => Promise<MeshStore>;
}

/** Opens a store for each test and closes it after. */
export function useStore(harness: StoreHarness): () => Promise<MeshStore> {
  const opened: MeshStore[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  return async () => {
    const store = await harness.open();
    opened.push(store);
    return store;
  };
}
