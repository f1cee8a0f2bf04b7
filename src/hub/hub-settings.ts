import type { AgentId } from '#identity';
import type { Admission } from '#protocol';
import type { HubLimits } from './hub-limits.ts';

/** What hub.toml says; all of it may be left out. */
export interface HubSettings {
  readonly name?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** Where agents reach the hub, when that is not where it listens. */
  readonly url?: string | undefined;
  readonly admission?: Admission | undefined;
  readonly allowlist?: readonly AgentId[] | undefined;
  readonly guests?: boolean | undefined;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | undefined;
  /** `sqlite`, or NATS servers separated by commas. */
  readonly store?: string | undefined;
  readonly limits: Partial<HubLimits>;
}
