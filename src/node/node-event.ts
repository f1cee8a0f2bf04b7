import type { AgentId } from '#identity';
import type { CourierChange } from '#delivery';
import type { PipelineEvent } from '#pipeline';

/** What happens at the node, for the event stream of the API and for programs that embed it. */
export type NodeEvent =
  | PipelineEvent
  | { readonly type: 'route'; readonly agent: string; readonly peer: AgentId; readonly change: CourierChange }
  | { readonly type: 'agent-added'; readonly agent: string }
  | { readonly type: 'superseded'; readonly agent: string }
  | { readonly type: 'stopping' };
