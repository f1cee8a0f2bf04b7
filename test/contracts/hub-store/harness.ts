import { afterEach } from 'vitest';
import { createIds, systemRandom } from '#kernel';
import { type AgentId, agentIdOf, keyPairFromSeed } from '#identity';
import type { FrameId } from '#protocol';
import type { Appended, HubStore, MailboxBounds, NewMail, Registration } from '#hub';
import { ManualClock } from '../../support/manual-clock.ts';

export interface HubStoreHarness {
  readonly name: string;
  open(): Promise<HubStore>;
}

/** For stores that outlive a process. */
export interface RestartingHarness extends HubStoreHarness {
  /** Closes the store and opens what it left. */
  reopen(store: HubStore): Promise<HubStore>;
  /** Keeps what the store holds now, to be opened later: an older database. */
  snapshot(store: HubStore): Promise<() => Promise<HubStore>>;
}

/** Opens a store for each test and closes it after. */
export function useHubStore(harness: HubStoreHarness): () => Promise<HubStore> {
  const opened: HubStore[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  return async () => {
    const store = await harness.open();
    opened.push(store);
    return store;
  };
}

export const now = Date.UTC(2026, 0, 1);
const idOf = (seed: number): AgentId => agentIdOf(keyPairFromSeed(new Uint8Array(32).fill(seed)).publicKey);
export const [alice, bob, carol, dora] = [idOf(1), idOf(2), idOf(3), idOf(4)];
const ids = createIds(new ManualClock(now), systemRandom);
export const newFrameId = (): FrameId => ids.next('frm');

export const registration = (agentId: AgentId, name: string, facts: Partial<Registration> = {}): Registration => ({
  agentId,
  name,
  seq: 1,
  card: Uint8Array.from(Buffer.from(name)),
  capabilities: [],
  text: name,
  at: now,
  isAdmitted: true,
  maxAgents: 100,
  ...facts,
});

export const bounds: MailboxBounds = {
  maxFrames: 10,
  maxBytes: 1000,
  maxFramesPerSender: 6,
  maxBytesPerSender: 600,
  maxFramesOfGuests: 2,
  maxBytesOfGuests: 200,
};

export const mail = (facts: Partial<NewMail> = {}): NewMail => ({
  to: bob,
  from: alice,
  id: newFrameId(),
  frame: new Uint8Array(10).fill(7),
  at: now,
  expiresAt: now + 1000,
  isGuest: false,
  bounds,
  ...facts,
});

/** One frame alone. */
export async function append(store: Pick<HubStore, 'mailboxes'>, one: NewMail): Promise<Appended> {
  const [appended] = await store.mailboxes.append([one]);
  if (appended === undefined) throw new Error('Nothing was said of the frame');
  return appended;
}

/** Alice and Bob are members. */
export async function withMembers(store: HubStore): Promise<HubStore> {
  await store.agents.register(registration(alice, 'alice'));
  await store.agents.register(registration(bob, 'bob'));
  return store;
}

export const page = { after: 0, frames: 100, bytes: 100_000 };
