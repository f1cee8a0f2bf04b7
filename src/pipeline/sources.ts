import { isId } from '#kernel';
import { type AgentId, isAgentId } from '#identity';
import type { Json, Message, MessageId } from '#protocol';

/** Whose text may stand in a message: who said it in which message of theirs (spec 15.5). */
export interface Source {
  readonly agent: AgentId;
  readonly message: MessageId;
}

/** As many are carried on; the first and the latest, when there are more. */
export const maxSources = 16;

/** What a message says of where its text comes from: a claim of the node that sent it. Entries of other forms are passed over. */
export const sourcesIn = ({ provenance = [] }: Pick<Message, 'provenance'>): readonly Source[] =>
  provenance.flatMap((entry) => sourceOf(entry) ?? []);

export const agentsIn = (message: Pick<Message, 'provenance'>): readonly AgentId[] =>
  message.provenance === undefined ? [] : [...new Set(sourcesIn(message).map(({ agent }) => agent))];

function sourceOf(entry: Json): Source | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined;
  const { agent, message } = entry as { readonly agent?: Json; readonly message?: Json };
  if (typeof agent !== 'string' || typeof message !== 'string' || !isId('msg', message)) return undefined;
  return isAgentId(agent) ? { agent, message } : undefined;
}
