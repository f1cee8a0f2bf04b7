import type { Arrival } from './arrivals.ts';

/** Settles the callers of `sendMessage` with what became of the transaction. */
export async function settle(arrivals: readonly Arrival[], commit: () => Promise<unknown>): Promise<void> {
  try {
    await commit();
  } catch (error) {
    for (const { committed, spending } of arrivals) {
      if (spending !== undefined) spending.isWritten = false;
      committed.reject(error);
    }
    throw error;
  }
  for (const { committed } of arrivals) committed.resolve();
}
