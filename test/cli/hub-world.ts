import type { HubDoor, HubReady } from '#cli';
import type { HubAdmin, HubMemberView } from '#hub';
import { MeshError } from '#kernel';
import { agentId, now } from './world.ts';

const hour = 3_600_000;

/** Ids of the fake world have the right form. */
const idOf = (name: string): HubMemberView['agentId'] => agentId(name) as HubMemberView['agentId'];

export const hubReady: HubReady = {
  name: 'hub',
  agentId: agentId('HUB'),
  fingerprint: '5a31 c563 4eb4 891a 9e33 171c 237d 038b',
  listen: { host: '127.0.0.1', port: 7700 },
  url: 'http://127.0.0.1:7700',
  admission: 'open',
  guests: true,
  mailbox: `http://127.0.0.1:7700/${agentId('HUB')}`,
  stateDir: '/home/alice/.openclaw/agent-mesh-hub',
};

const members: readonly HubMemberView[] = [
  {
    agentId: idOf('alice'),
    name: 'alice',
    registeredAt: now - 48 * hour,
    frames: 0,
    bytes: 0,
    keyPackages: 40,
    blobBytes: 3_400_000,
    online: true,
  },
  {
    agentId: idOf('bob'),
    name: 'bob',
    registeredAt: now - hour,
    frames: 17,
    bytes: 81_000,
    oldestAt: now - 2 * hour,
    keyPackages: 0,
    blobBytes: 0,
    online: false,
  },
];

const invites = [
  { id: '0404aa040404', note: 'for Bob', createdAt: now - hour, expiresAt: now + 47 * hour },
  { id: '0505bb050505', note: '', createdAt: now - hour, expiresAt: now, usedBy: idOf('bob'), usedAt: now - hour },
  { id: '0606cc060606', note: '\u001b[2Jcarol', createdAt: now - hour, expiresAt: now - 1 },
];

export const hubAdmin: HubAdmin = {
  status: async () => ({
    hub: { agentId: idOf('HUB'), name: 'hub', admission: 'open' },
    url: hubReady.url,
    running: true,
    links: 1,
    totals: { agents: 2, frames: 17, bytes: 81_000, rooms: 0, blobs: 1, blobBytes: 3_400_000 },
  }),
  agents: async ({ after = '' }) => members.filter(({ name }) => name > after),
  invites: async () => invites,
  newInvite: async ({ lifetimeMs = 168 * hour }) => ({
    invite: 'mesh-hub:pWNodWJ4OGRpZDprZXk6ejZNa0hVQg',
    id: '0707dd070707',
    expiresAt: now + lifetimeMs,
  }),
  revokeInvite: async ({ id }) => {
    if (invites.some((invite) => invite.id === id)) return {};
    throw new MeshError('NOT_FOUND', 'No unused invite has that id', { hint: 'See them all: mesh hub admin invites' });
  },
  limits: async () => ({
    maxLinks: 10_000,
    maxUnauthenticatedLinks: 1000,
    newcomerPercent: 25,
    maxHubGuestLinks: 2000,
    maxHubAgents: 100_000,
    maxMailboxFrames: 10_000,
    maxMailboxBytes: 268_435_456,
    mailboxSenderPercent: 50,
    mailboxGuestPercent: 10,
    mailboxKeptMs: 2_592_000_000,
    hubFramesPerSecond: 200,
    hubFrameBurst: 2000,
    hubRequestsPerHour: 20,
    hubQuestionsPerSecond: 50,
    hubQuestionBurst: 200,
    hubSearchesPerSecond: 5,
    hubSearchBurst: 50,
    maxHubKeyPackages: 100,
    hubPackagesPerHour: 30,
    hubPackagesOfAllPerHour: 300,
    maxHubBlobBytes: 1_073_741_824,
    hubBlobKeptMs: 604_800_000,
    maxRoomsPerAgent: 100,
    maxRoomEntries: 10_000,
    maxRoomBytes: 67_108_864,
  }),
  evict: async ({ agent }) => {
    const found = members.find(({ name }) => name === agent);
    if (found !== undefined) return { agentId: found.agentId, name: found.name };
    throw new MeshError('NOT_FOUND', `The hub has no member "${agent}"`, {
      hint: 'See them all: mesh hub admin agents',
    });
  },
};

export const hubDoor: HubDoor = {
  runHub: async ({ onReady, host, admission }) =>
    onReady({
      ...hubReady,
      ...(host === undefined ? {} : { listen: { host, port: 7700 }, url: `http://${host}:7700`, admission: 'invite' }),
      ...(admission === undefined ? {} : { admission, guests: admission !== 'allowlist' }),
    }),
  openRelay: () => Promise.reject(new MeshError('INTERNAL', 'No relay here')),
  openHubAdmin: async () => ({ admin: hubAdmin, close: async () => {} }),
};
