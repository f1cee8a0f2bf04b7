const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const kilobyte = 1024;
const megabyte = 1024 * kilobyte;
const gigabyte = 1024 * megabyte;

/** Every number that bounds something, with its unit in its name. Copies of it with other values are for tests. */
export const defaultLimits = {
  // spec §3 frames, §4 messages
  maxFrameBytes: 96 * kilobyte,
  maxHandshakeFrameBytes: 512 * kilobyte,
  // messages in one batch: so many fill the padding of 64 KB, and receipts beside them fit into the next step of it (spec 3.8)
  maxBatchBytes: 63 * kilobyte,
  maxBatchBytesWithKeyPackage: 47 * kilobyte,
  maxMessageBytes: 64 * kilobyte,
  maxInlineAttachmentBytes: 64 * kilobyte,
  maxAttachments: 16,
  maxSubjectCharacters: 200,
  maxPurposeCharacters: 500,
  maxIdempotencyKeyCharacters: 128,
  maxMetadataBytes: 16 * kilobyte,
  maxReplyContextBytes: 4 * kilobyte,
  maxParticipants: 100,
  maxProvenance: 32,
  requestTtlSeconds: 24 * 3600,
  alertTtlSeconds: 3600,
  messageTtlSeconds: 7 * 24 * 3600,
  maxTtlSeconds: 30 * 24 * 3600,
  // signed requests, PROTOCOL values
  maxSkewPastMs: 300 * second,
  maxSkewFutureMs: 60 * second,
  // spec 1.6: the form of a card
  maxCardBytes: 16 * kilobyte,
  maxCardEndpoints: 8,
  maxCardDevices: 8,
  maxCardCapabilities: 32,
  // rotation statements that are shown at once, each of so many bytes
  maxRotations: 64,
  maxRotationBytes: 512,
  cardLifetimeMs: 365 * day,
  deviceCertificateLifetimeMs: 365 * day,
  inviteLifetimeMs: day,
  keyPackageLifetimeMs: 30 * day,
  // contact requests from strangers
  maxPendingRequests: 200,
  maxNewRequestsPerHour: 20,
  contactExchangeLifetimeMs: 7 * day,
  boundedTurnsPerDay: 20,
  // spec 14.9: by whose rates a node goes that `mesh up` started; a program that embeds a node sees to it itself
  trustedTurnsPerHour: 600,
  conversationTurnsPerHour: 120,
  programRootsPerHour: 600,
  // spec 14: what a message may cause that says nothing of it, and the most that one may
  rootTurns: 64,
  rootHops: 8,
  maxTurnsPerMessage: 256,
  /** Messages to others that wait for the owner of an agent. */
  maxReviewMessages: 1000,
  maxHops: 16,
  // sessions
  maxKeyPackageBytes: 16 * kilobyte,
  maxWelcomeBytes: 64 * kilobyte,
  rekeyFrames: 500,
  rekeyBytes: 32 * megabyte,
  rekeyAfterMs: 12 * hour,
  retainedEpochs: 3,
  maxDrainingSessions: 4,
  drainingSessionMs: day,
  // delivery
  // spec 11.7: what waits unsealed for one peer and for all, and what was accepted and is not stored yet
  maxOutboxMessagesPerPeer: 2_000_000,
  maxOutboxBytesPerPeer: 4 * gigabyte,
  maxOutboxMessages: 5_000_000,
  maxOutboxBytes: 8 * gigabyte,
  maxArrivalsPerPeer: 50_000,
  maxArrivalBytesPerPeer: 64 * megabyte,
  // spec 11.7: what nobody has dealt with, of one sender and of all
  maxInboxMessagesPerPeer: 500_000,
  maxInboxBytesPerPeer: gigabyte,
  maxInboxMessages: 2_000_000,
  maxInboxBytes: 4 * gigabyte,
  inboxFullRetryMs: second,
  inboxFullMaxRetryMs: minute,
  // spec 11.8: messages of one sender, by its tier; `trusted` and `owner` are bounded by the room in the inbox alone
  notifyMessagesPerMinute: 60,
  notifyMessageBurst: 120,
  boundedMessagesPerMinute: 600,
  boundedMessageBurst: 1_200,
  maxHoldMs: hour,
  // spec 11.6: how many others may go before a normal or a low message does
  overtakeNormal: 4,
  overtakeLow: 16,
  // spec 11.5: after so long without a word of the peer a message is a dead letter until the peer is heard from
  giveUpMs: 3 * day,
  replayedAtOnce: 500,
  receiptDelayMs: 10,
  roomWaitMs: 100,
  deferredWriteMs: 50,
  // what could not be stored is tried again after this, doubled each time in a row
  storeRetryMs: second,
  storeMaxRetryMs: minute,
  maxReceiptsPerFrame: 64,
  maxReceiptIdsPerFrame: 512,
  maxMessagesPerReceipt: 256,
  inFlightFrames: 64,
  inFlightBytes: 4 * megabyte,
  // how long the node of a peer is waited for before its mailboxes are tried
  directHeadStartMs: second,
  // spec 13: what is kept by a mailbox and not answered by the peer; when it is sent again all the same, and the longest time between
  mailboxFrames: 512,
  mailboxBytes: 32 * megabyte,
  mailRepeatMs: 15 * minute,
  mailMaxRepeatMs: day,
  maxMailAnswers: 64,
  // fresh key packages that a hub is kept supplied with
  keptKeyPackages: 32,
  // what is asked of a mailbox at once; how long until a hub that was lost is called again, and the longest time between
  mailFetchFrames: 256,
  mailFetchBytes: megabyte,
  hubRetryMs: second,
  hubMaxRetryMs: minute,
  // how long no hub of an agent answers before a relay stands in, how long one answers before the relay is let go, and how long the
  // mailbox there is still looked at then
  relayAfterMs: 10 * second,
  relayBackMs: 30 * second,
  relayKeptMs: 20 * minute,
  // all who lost a hub at the same moment call it again within this time, each at a moment of its own
  hubReturnMs: 5 * second,
  quickRetryMs: [2 * second, 4 * second, 8 * second],
  slowRetryMs: 5 * minute,
  breakerFailures: 3,
  breakerCooldownMs: minute,
  breakerMaxCooldownMs: 10 * minute,
  frameAcknowledgeMs: 30 * second,
  maxHandlerAttempts: 5,
  handlerTimeoutMs: minute,
  turnTimeoutMs: 10 * minute,
  leaseBatch: 256,
  // messages that came lately, as they were read, for the program that gets them
  maxRecentMessages: 1024,
  maxRecentMessageBytes: megabyte,
  // spec 11.9: the last ones, and those in time that the node ran
  retentionMs: 30 * day,
  idempotencyWindowMs: day,
  idempotencySureMs: hour,
  receivedFramesKept: 1024,
  nonceKeptMs: day,
  // files, spec §10: the plain bytes of a chunk, what one question may ask for, what one answer carries
  blobChunkBytes: megabyte,
  blobAskBytes: 512 * kilobyte,
  blobPieceBytes: 64 * kilobyte,
  // what may be asked for and not be there: as much as came in the last `blobWindowMs`, between these
  minBlobWindowBytes: 64 * kilobyte,
  maxBlobWindowBytes: 4 * megabyte,
  blobWindowMs: 250,
  // what an asker that exceeds its window may ask for at once
  maxBlobAsks: 256,
  // what is written is synced and counted after so many bytes, or this time
  blobSyncBytes: 32 * megabyte,
  blobSyncMs: 2 * second,
  blobRetryMs: second,
  blobMaxRetryMs: minute,
  // chunks in a row that are not what the sender sealed, before it is given up
  maxBlobDamages: 3,
  // of files that came in, and as much again of files that go out
  maxFileBytesPerPeer: 4096 * megabyte,
  maxFileBytes: 16_384 * megabyte,
  keepFreeDiskBytes: 256 * megabyte,
  maxUploads: 16,
  maxUploadPartBytes: 4 * megabyte,
  uploadIdleMs: hour,
  fileProgressMs: 500,
  // audit: a signature at least every so many entries
  auditCheckpointEntries: 1000,
  // links
  handshakeMs: 5 * second,
  maxHandshakeBytes: 8 * kilobyte,
  strangerFrames: 1,
  strangerBytes: 48 * kilobyte,
  creditFrames: 256,
  creditBytes: 8 * megabyte,
  maxLinks: 1000,
  maxUnauthenticatedLinks: 100,
  // of one address
  newcomerPercent: 25,
  linkPingMs: 75 * second,
  linkIdleMs: 100 * second,
  dialMs: 5 * second,
  linkRequestMs: 10 * second,
  maxLinkRequests: 8,
  // hubs, spec §12: what one question or answer may hold
  maxKeyPackagesPerPut: 32,
  maxCardsPerListing: 64,
  maxFramesPerFetch: 1024,
  maxFetchWaitMs: 5 * minute,
  maxAgentsPerQuestion: 256,
  maxRoomIdBytes: 64,
  maxRoomEntryBytes: 256 * kilobyte,
  maxEntriesPerRead: 256,
  // what is open at once over one link, beside the other questions
  maxFetches: 4,
  // what a hub keeps, spec §12.3 to 12.8
  maxHubAgents: 100_000,
  maxMailboxFrames: 10_000,
  maxMailboxBytes: 256 * megabyte,
  // of one sender, and of all guests together
  mailboxSenderPercent: 50,
  mailboxGuestPercent: 10,
  mailboxKeptMs: 30 * day,
  mailboxFullRetryMs: 5 * second,
  maxHubKeyPackages: 100,
  maxHubBlobBytes: gigabyte,
  hubBlobKeptMs: 7 * day,
  maxRoomsPerAgent: 100,
  maxRoomEntries: 10_000,
  maxRoomBytes: 64 * megabyte,
  hubInviteLifetimeMs: 7 * day,
  // how fast one agent may be at a hub
  hubFramesPerSecond: 200,
  hubFrameBurst: 2000,
  hubRequestsPerHour: 20,
  hubQuestionsPerSecond: 50,
  hubQuestionBurst: 200,
  hubPackagesPerHour: 30,
  hubPackagesOfAllPerHour: 300,
  hubSearchesPerSecond: 5,
  hubSearchBurst: 50,
  maxHeldMailboxes: 1000,
  // connections of agents that are no members: the others are for members
  maxHubGuestLinks: 2000,
  maxHubUploads: 4,
  hubSweepMs: minute,
  hubDrainMs: 10 * second,
  // discovery
  scanConcurrency: 32,
  scanTimeoutMs: 5 * second,
  maxScanTargets: 65_536,
  // the local network, spec 6.11: what anybody there may say, and how long it is listened to and followed up
  lanListenMs: 3 * second,
  lanAskMs: 15 * second,
  lanGoodbyeMs: second / 2,
  lanRetryMs: minute,
  maxLanNodes: 256,
  maxLanNodesPerAddress: 16,
  maxLanAddresses: 4,
  maxLanPacketBytes: 9000,
  maxLanRecords: 64,
  maxLanPacketsPerSecond: 500,
  maxLanPacketsPerSecondOfAddress: 100,
  maxLanSendsPerSecond: 20,
  // local API and public listener
  maxApiBodyBytes: megabyte,
  apiEventsKept: 10_000,
  apiEventBytesKept: 16 * megabyte,
  apiEventsKeptMs: 10 * minute,
  apiHeartbeatMs: 15 * second,
  publicRequestsPerSecond: 50,
  publicRequestBurst: 100,
  maxPublicAddresses: 10_000,
  httpHeadersMs: 10 * second,
  httpRequestMs: 30 * second,
} as const;

/** The same names with any values of the same types. */
export type Limits = {
  readonly [K in keyof typeof defaultLimits]: (typeof defaultLimits)[K] extends number ? number : readonly number[];
};
