import { describe } from 'vitest';
import { hubAgentContract } from './hub-store/agents.ts';
import type { HubStoreHarness, RestartingHarness } from './hub-store/harness.ts';
import { hubMailboxContract, hubRestartContract } from './hub-store/mailboxes.ts';
import { hubThingsContract } from './hub-store/things.ts';

/** Every promise of `HubStore`, for one implementation. */
export function hubStoreContract(harness: HubStoreHarness): void {
  describe(`a ${harness.name} store of a hub`, () => {
    hubAgentContract(harness);
    hubMailboxContract(harness);
    hubThingsContract(harness);
  });
}

/** The same for one that outlives its process. */
export function durableHubStoreContract(harness: RestartingHarness): void {
  hubStoreContract(harness);
  describe(`a ${harness.name} store of a hub that is opened again`, () => {
    hubRestartContract(harness);
  });
}
