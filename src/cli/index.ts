export type { ConnectOptions, NodeConnection } from './connect.ts';
export type { HubDoor, HubReady } from './hub-door.ts';
export type {
  AgentFacts,
  BackupMade,
  BackupOptions,
  Finding,
  NewNodeAgent,
  NodeDoor,
  NodeReady,
  OfflineNode,
  RestoreDone,
  RestoreOptions,
  RunNodeOptions,
} from './node-door.ts';
export type { CliPorts, Input, Output } from './ports.ts';
export { type CliOptions, runCli } from './run-cli.ts';
