export { Agent, type AgentOptions, type AskOptions, type Handler, type Received, type Sending } from './agent.ts';
export { createFirstAgent, createFurtherAgent, loadAgents } from './agent-files.ts';
export type { NodeEvent } from './node-event.ts';
export { defaultConfig, type NodeConfig, type RuntimeConfig } from './config.ts';
export { addAgent, initAgent, type NewNodeAgent } from './init-agent.ts';
export { MeshNode, type NodeOptions } from './mesh-node.ts';
export { openOffline } from './offline.ts';
export { type NodeReady, type RunNodeOptions, runNode } from './run-node.ts';
export { type StateDir, stateDir } from './state-dir.ts';
