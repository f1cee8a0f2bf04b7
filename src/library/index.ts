export { HubServer, type HubServerOptions } from './hub-server.ts';
export { LocalHub } from './local-hub.ts';
export { NetworkHub, type NetworkHubOptions } from './network-hub.ts';
export type { HubSettings } from './open-hub.ts';
