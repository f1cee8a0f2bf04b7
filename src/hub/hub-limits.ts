import { defaultLimits, type Limits } from '#kernel';

/** What `[limits]` of hub.toml may set, and what each is for. */
export const hubLimitNames = {
  maxLinks: 'connections of agents',
  maxUnauthenticatedLinks: 'connections that have not proved yet who they are',
  newcomerPercent: 'part of those for one address',
  maxHubGuestLinks: 'connections of agents that are no members',
  maxHubAgents: 'members',
  maxMailboxFrames: 'frames in a mailbox',
  maxMailboxBytes: 'bytes in a mailbox',
  mailboxSenderPercent: 'part of a mailbox for one sender',
  mailboxGuestPercent: 'part of a mailbox for all guests',
  mailboxKeptMs: 'how long a frame is kept',
  hubFramesPerSecond: 'frames a second of one sender',
  hubFrameBurst: 'frames of one sender at once',
  hubRequestsPerHour: 'contact requests an hour of one sender',
  hubQuestionsPerSecond: 'questions a second of one agent',
  hubQuestionBurst: 'questions of one agent at once',
  hubSearchesPerSecond: 'looks into the directory a second of one agent',
  hubSearchBurst: 'looks into the directory of one agent at once',
  maxHubKeyPackages: 'key packages of an agent',
  hubPackagesPerHour: 'key packages of one agent an hour to one asker',
  hubPackagesOfAllPerHour: 'key packages an hour to one asker',
  maxHubBlobBytes: 'bytes of blobs of an agent',
  hubBlobKeptMs: 'how long a blob is kept that nobody asks for',
  maxRoomsPerAgent: 'rooms that an agent makes',
  maxRoomEntries: 'entries of a room',
  maxRoomBytes: 'bytes of a room',
} as const satisfies Partial<Record<keyof Limits, string>>;

export type HubLimitName = keyof typeof hubLimitNames;
export type HubLimits = { readonly [K in HubLimitName]: number };

/** A hub serves more connections than a node does, and on those where nothing happens it lets the agents speak first. */
export const hubLimits: Limits = {
  ...defaultLimits,
  maxLinks: 10_000,
  maxUnauthenticatedLinks: 1000,
  linkPingMs: (defaultLimits.linkPingMs + defaultLimits.linkIdleMs) / 2,
};

export const isHubLimit = (name: string): name is HubLimitName => Object.hasOwn(hubLimitNames, name);

export function hubLimitsIn(limits: Limits): HubLimits {
  const names = Object.keys(hubLimitNames).filter(isHubLimit);
  return Object.fromEntries(names.map((name) => [name, limits[name]])) as HubLimits;
}
