import type { Link } from '#link';
import type { RouteStatus } from './courier-ports.ts';
import type { Pace } from './pace.ts';

export interface RouteFacts {
  readonly link: Link | undefined;
  readonly pace: Pace;
  readonly latencyMs: number | undefined;
  readonly lastHeardAt: number | undefined;
  readonly held: RouteStatus['held'];
  readonly now: number;
}

/** How it stands with the way to a peer; what is not known is left out. */
export function routeStatus({ link, pace, latencyMs, lastHeardAt, held, now }: RouteFacts): RouteStatus {
  const up = link !== undefined;
  const { waitMs, lastError } = pace;
  const clockOffsetMs = link?.clockOffsetMs;
  return {
    link: up ? 'up' : 'down',
    ...(up ? { route: link.route } : {}),
    breaker: pace.breaker,
    ...(!up && waitMs > 0 ? { retryAt: Math.ceil(now + waitMs) } : {}),
    ...(up || lastError === undefined ? {} : { lastError }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
    ...(lastHeardAt === undefined ? {} : { lastHeardAt }),
    ...(held === undefined ? {} : { held }),
  };
}
