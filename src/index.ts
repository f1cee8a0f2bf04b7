export {
  Agent,
  type AgentOptions,
  type AskOptions,
  type Handler,
  type Received,
  type ReceivedFile,
  type Sending,
  type SendingFile,
} from '#node';
export { type ErrorCode, errorTable, MeshError } from '#kernel';
export { verifyWebhook, type WebhookProof } from '#runtime';
