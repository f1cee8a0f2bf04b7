export {
  Agent,
  type AgentAtHub,
  type AgentHub,
  type AgentOptions,
  type AgentSettings,
  type AskOptions,
  type ConnectOptions,
  type Handler,
  type HubPlace,
  type ListPeersOptions,
  type Received,
  type ReceivedFile,
  type Sending,
  type SendingFile,
} from '#node';
export {
  HubServer,
  type HubServerOptions,
  type HubSettings,
  LocalHub,
  NetworkHub,
  type NetworkHubOptions,
} from '#library';
export type { Card } from '#identity';
export { type ErrorCode, errorTable, type Logger, MeshError } from '#kernel';
export { verifyWebhook, type WebhookProof } from '#runtime';
