import { describe } from 'vitest';
import { auditStoreContract } from './store/audit.ts';
import { budgetStoreContract } from './store/budgets.ts';
import { contactStoreContract } from './store/contacts.ts';
import { deadLetterContract } from './store/dead-letters.ts';
import { fileStoreContract } from './store/files.ts';
import { guardContract } from './store/guards.ts';
import type { StoreHarness } from './store/harness.ts';
import { heldContract } from './store/held.ts';
import { inboxStoreContract } from './store/inbox.ts';
import { leaseContract } from './store/leases.ts';
import { outboxStateContract } from './store/outbox-states.ts';
import { outboxStoreContract } from './store/outbox.ts';
import { renameContract } from './store/rename.ts';
import { sessionStoreContract } from './store/sessions.ts';
import { transactContract } from './store/transact.ts';

export type { StoreHarness } from './store/harness.ts';

/** Every promise of the ports of `MeshStore`, for one implementation. */
export function storeContract(harness: StoreHarness): void {
  describe(`a ${harness.name} store`, () => {
    transactContract(harness);
    contactStoreContract(harness);
    renameContract(harness);
    sessionStoreContract(harness);
    outboxStoreContract(harness);
    outboxStateContract(harness);
    inboxStoreContract(harness);
    leaseContract(harness);
    heldContract(harness);
    fileStoreContract(harness);
    deadLetterContract(harness);
    auditStoreContract(harness);
    budgetStoreContract(harness);
    guardContract(harness);
  });
}
