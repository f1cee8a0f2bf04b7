import type { ErrorCode, Limits } from '#kernel';

/** What is known about one address of a peer. Times in ms since 1970. */
export interface RouteHealth {
  /** Moving average, newer round trips count more. */
  readonly latencyMs?: number;
  readonly lastHeardAt?: number;
  readonly lastError?: { readonly code: ErrorCode; readonly at: number };
}

/** Of one (agent, peer): by route. A value; each change makes a new one. */
export type PeerHealth = Readonly<Record<string, RouteHealth>>;

export const unknownHealth: PeerHealth = {};

const newestShare = 0.2;

/** Something came over the route; `latencyMs` when a round trip was measured. */
export function heard(
  health: PeerHealth,
  route: string,
  { at, latencyMs }: { readonly at: number; readonly latencyMs?: number },
): PeerHealth {
  const before = health[route] ?? {};
  const average = latencyMs === undefined ? before.latencyMs : smooth(before.latencyMs, latencyMs);
  return {
    ...health,
    [route]: { ...before, lastHeardAt: at, ...(average === undefined ? {} : { latencyMs: average }) },
  };
}

const smooth = (average: number | undefined, latest: number): number =>
  average === undefined ? latest : average + newestShare * (latest - average);

export function failed(
  health: PeerHealth,
  route: string,
  error: { readonly at: number; readonly code: ErrorCode },
): PeerHealth {
  return { ...health, [route]: { ...health[route], lastError: error } };
}

export interface RankOptions {
  readonly now: number;
  readonly limits: Pick<Limits, 'breakerMaxCooldownMs'>;
}

/**
 * The routes in the order to try them, each once: those that worked last, those that nothing is known about, those that
 * failed last; within each as the card orders them. A failure older than `breakerMaxCooldownMs` counts as nothing
 * known.
 */
export function rankRoutes(routes: readonly string[], health: PeerHealth, options: RankOptions): readonly string[] {
  const ranked = [...new Set(routes)].map((route) => ({ route, rank: rankOf(health[route] ?? {}, options) }));
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ route }) => route);
}

/** It failed last, not long ago. */
export function isFailingRoute({ lastHeardAt, lastError }: RouteHealth = {}, { now, limits }: RankOptions): boolean {
  if (lastError === undefined || (lastHeardAt !== undefined && lastError.at < lastHeardAt)) return false;
  return now - lastError.at <= limits.breakerMaxCooldownMs;
}

function rankOf(health: RouteHealth, options: RankOptions): number {
  if (isFailingRoute(health, options)) return 2;
  const { lastHeardAt, lastError } = health;
  const hasFailed = lastError !== undefined && (lastHeardAt === undefined || lastError.at >= lastHeardAt);
  return lastHeardAt === undefined || hasFailed ? 1 : 0;
}
