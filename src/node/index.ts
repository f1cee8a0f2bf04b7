export { Agent, type AskOptions } from './agent.ts';
export type { AgentAtHub, AgentHub, HubPlace } from './embedded/agent-hub.ts';
export type { AgentOptions, AgentSettings } from './embedded/agent-options.ts';
export type { ConnectOptions, ListPeersOptions } from './embedded/peers.ts';
export type { Handler, Received } from './embedded/received.ts';
export type { Sending } from './embedded/sending.ts';
export { createFirstAgent, createFurtherAgent, loadAgents } from './agent-files.ts';
export type { NodeEvent } from './node-event.ts';
export { defaultConfig, type NodeConfig, type RuntimeConfig } from './config.ts';
export { addAgent, initAgent, type NewNodeAgent } from './init-agent.ts';
export { MeshNode, type NodeOptions } from './mesh-node.ts';
export type { NodeRelay, OpenRelay, OpenRelayOptions } from './node-relay.ts';
export { openOffline } from './offline.ts';
export { type NodeReady, type RunNodeOptions, runNode } from './run-node.ts';
export { examineFolder } from './doctor/examine-folder.ts';
export { checkBackup } from './recovery/backup-file.ts';
export { type BackupMade, type BackupOptions, makeBackup } from './recovery/make-backup.ts';
export { type RestoreDone, restoreBackup, type RestoreOptions } from './recovery/restore-backup.ts';
export { type StateDir, stateDir } from './state-dir.ts';
export type { ReceivedFile } from './received-file.ts';
export type { SendingFile } from './sending-files.ts';
export { HubLine } from './hubs/hub-line.ts';
export {
  type ConnectedAgent,
  type OpenclawSetup,
  openclawSetups,
  planOpenclawSetup,
} from './openclaw/openclaw-setup.ts';
export type { SetupOptions } from './openclaw/plan-setup.ts';
export { askAsStranger, type StrangerOptions } from './openclaw/ask-as-stranger.ts';
export { type OpenclawRemoval, planOpenclawRemoval } from './openclaw/remove-setup.ts';
export type { RoundTrip } from './openclaw/round-trip.ts';
