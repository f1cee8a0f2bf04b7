export type { ConnectOptions, NodeConnection } from './connect.ts';
export type { AgentFacts, NewNodeAgent, NodeDoor, NodeReady, OfflineNode, RunNodeOptions } from './node-door.ts';
export type { CliPorts, Input, Output } from './ports.ts';
export { type CliOptions, runCli } from './run-cli.ts';
