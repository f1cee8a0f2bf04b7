export { failed, heard, isFailingRoute, type PeerHealth, rankRoutes, unknownHealth } from './health.ts';
export type { LanEar } from './hear-lan.ts';
export { type DiscoveredNode, type DiscoveryOptions, fetchDiscovery } from './http-discovery.ts';
export { isLoopback } from './local-address.ts';
export { type Announcing, announceOnLan, type LanAnnouncement, mdnsEar, type MdnsOptions } from './mdns.ts';
export { type FetchOptions, scan, type ScanEvent, type ScanOptions } from './scan.ts';
export { type LanScanEvent, scanLan } from './scan-lan.ts';
export { expandTargets } from './targets.ts';
