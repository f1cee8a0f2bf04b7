import type { Clock, Random } from '#kernel';
import { beginAnew, type BegunAnew, type MeshStore } from '#pipeline';
import { nextLife, readLife, readSuccessor, writeLife } from '../life.ts';

export interface Revive {
  readonly agents: readonly string[];
  /** What happened after this time is not known to the database. */
  readonly asOf: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** Something known of one agent's database after it began anew. */
export type Revived = BegunAnew & { readonly contacts: number };

/**
 * Makes this database the latest life of its agents, in one transaction: later than every one it has heard of. Everything that an
 * earlier life may have gone on with ends.
 */
export function revive(
  store: MeshStore,
  { agents, asOf, clock, random }: Revive,
): Promise<ReadonlyMap<string, Revived>> {
  const now = clock.now();
  const id = random.bytes(16);
  return store.transact((tx) => {
    const known = [readLife(tx.values), ...agents.map((agent) => readSuccessor(tx.values, agent))];
    const life = nextLife(known, { at: now, id, asOf });
    writeLife(tx.values, life);
    return new Map(
      agents.map((agent) => {
        const contacts = tx.contacts.list({ agent, states: ['trusted', 'changed', 'blocked'] }).length;
        return [agent, { ...beginAnew(tx, { agent, life, now }), contacts }];
      }),
    );
  });
}

/** Makes a folder whose place was taken by a later life the latest one again, because a person wants it so. */
export async function takeOver(store: MeshStore, options: Omit<Revive, 'asOf'>): Promise<void> {
  // The log tells when this database last learnt something.
  const asOf = store.read.audit.last()?.at ?? 0;
  await revive(store, { ...options, asOf });
}
