export { parseBaseUrl } from './base-url.ts';
export {
  failed,
  heard,
  type HealthSummary,
  type PeerHealth,
  type RankOptions,
  rankRoutes,
  type RouteHealth,
  summarizeHealth,
  unknownHealth,
} from './health.ts';
export { type DiscoveredNode, type DiscoveryOptions, fetchCard, fetchDiscovery } from './http-discovery.ts';
export { type FetchOptions, scan, type ScanEvent, type ScanOptions } from './scan.ts';
export { expandTargets } from './targets.ts';
