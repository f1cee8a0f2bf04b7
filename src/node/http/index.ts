export { type Api, createApi } from './api.ts';
export { EventLog } from './event-log.ts';
export { localTransport } from './local-transport.ts';
export { nodeHandler } from './node-handler.ts';
export { offlineOperations } from './offline-operations.ts';
export { createPublicApp } from './public-app.ts';
