import type { AgentId } from '#identity';
import type { CourierChange } from '#delivery';
import type { Pause, PipelineEvent } from '#pipeline';
import type { HubLineStatus } from './hubs/hub-line.ts';
import type { Membership } from './hubs/memberships.ts';

/** What happens at the node, for the event stream of the API and for programs that embed it. */
export type NodeEvent =
  | PipelineEvent
  | { readonly type: 'route'; readonly agent: string; readonly peer: AgentId; readonly change: CourierChange }
  | { readonly type: 'agent-added'; readonly agent: string }
  /** The line to a hub came up or went down. */
  | { readonly type: 'hub'; readonly agent: string; readonly membership: Membership; readonly status: HubLineStatus }
  /** The owner stopped programs, or let them go on. */
  | { readonly type: 'paused' | 'resumed'; readonly pause: Pause }
  | { readonly type: 'superseded'; readonly agent: string }
  | { readonly type: 'stopping' };
