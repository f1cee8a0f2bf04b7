export { failed, heard, type PeerHealth, rankRoutes, unknownHealth } from './health.ts';
export { type DiscoveredNode, type DiscoveryOptions, fetchDiscovery } from './http-discovery.ts';
export { type FetchOptions, scan, type ScanEvent, type ScanOptions } from './scan.ts';
export { expandTargets } from './targets.ts';
