export type { HubBlobFile, HubBlobFiles } from './blob-files.ts';
export type {
  AgentLife,
  Appended,
  DirectoryQuery,
  HubAgent,
  HubAgents,
  HubAgentView,
  HubBlobs,
  HubInvites,
  HubInviteView,
  HubKeyPackages,
  HubMailboxes,
  HubRooms,
  HubStore,
  HubTotals,
  MailboxBounds,
  MailPage,
  NewEntry,
  NewMail,
  Place,
  Registration,
  RoomAppended,
  RoomBounds,
  StoredBlob,
} from './store.ts';
export { Hub } from './hub.ts';
export type { HubAdmission, HubParts } from './hub-parts.ts';
export { adminOverHttp } from './admin-http.ts';
export { createHubAdmin, type HubAdmin, type HubMemberView, type HubStatus, type NewHubInvite } from './hub-admin.ts';
export type { HubSettings } from './hub-settings.ts';
export { readHubConfig } from './read-hub-config.ts';
export { newHubKey, readHubKey } from './hub-key.ts';
export { hubLimitNames, type HubLimits, hubLimits, isHubLimit } from './hub-limits.ts';
export { type Address, serveHub, type ServingHub } from './serve-hub.ts';
