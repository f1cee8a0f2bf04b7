/** Of the rooms `api` and `runtime`, what the plugin of OpenClaw is compared with, and the client of a gateway for tests. */
export { buildRequest } from '../../src/api/build-request.ts';
export { fitted } from '../../src/runtime/openclaw/fitted.ts';
export { GatewayClient } from '../../src/runtime/openclaw/gateway-client.ts';
export { fieldsOf, listOf, textOf } from '../../src/runtime/openclaw/gateway-frames.ts';
export { peerPrompt, turnText } from '../../src/runtime/openclaw/turn-text.ts';
