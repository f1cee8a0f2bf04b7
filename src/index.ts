export { Agent, type AgentOptions, type AskOptions, type Handler, type Received, type Sending } from '#node';
export { type ErrorCode, errorTable, MeshError } from '#kernel';
export { verifyWebhook, type WebhookProof } from '#runtime';
