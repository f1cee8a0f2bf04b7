export { type Attaching, AttachableRuntime, type Offer } from './attachable.ts';
export { type CommandOptions, commandRuntime } from './command.ts';
export { type Handler, type InProcessRuntime, inProcessRuntime } from './in-process.ts';
export { type OpenclawOptions, openclawRuntime } from './openclaw/openclaw.ts';
export type { Answer, InboundMessage, Runtime } from './runtime.ts';
export { defaultRuntimeTypes } from './inbound-json.ts';
export { type WebhookOptions, webhookRuntime } from './webhook.ts';
export { verifyWebhook, type WebhookProof } from './webhook-signature.ts';
