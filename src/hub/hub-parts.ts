import type { Clock, Limits, Logger, Random } from '#kernel';
import type { AgentId } from '#identity';
import type { Admission } from '#protocol';
import type { LinkSelf } from '#link';
import type { HubBlobFiles } from './blob-files.ts';
import type { HubStore } from './store.ts';

/** What a hub is made of. */
export interface HubParts {
  /** The hub's own key. */
  readonly self: LinkSelf;
  readonly name: string;
  readonly store: HubStore;
  readonly files: HubBlobFiles;
  readonly admission: HubAdmission;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** Who may do what without an invite. */
export interface HubAdmission {
  readonly kind: Admission;
  /** With `allowlist`: these. */
  readonly allowlist: { has(agentId: AgentId): boolean };
  /** Who is on the list comes in again after it was evicted, without an invite. */
  readonly readmits?: boolean;
  /** Members are not told who else is one. */
  readonly hidesMembers?: boolean;
  /** Agents that are no members may send to members. */
  readonly guests: boolean;
}
