import type { AgentId } from '#identity';
import type { Json, Message } from '#protocol';
import type { Lane } from './lane.ts';
import { maxSources, type Source, sourcesIn } from './sources.ts';
import type { MeshReader, MeshTransaction } from './store.ts';

/** A message that came in, as the cause of what is said next. */
export interface SourceCause {
  readonly seq: number;
  readonly sender: AgentId;
  readonly message: Pick<Message, 'id' | 'provenance'>;
}

/** Whose text a message may hold that is sent because of another: its sender's, of whom that one has it, and of answers that were asked for. */
export const sourcesOf = (
  read: Pick<MeshReader, 'sources'>,
  { seq, sender, message }: SourceCause,
): readonly Source[] => [...sourcesIn(message), { agent: sender, message: message.id }, ...read.sources.heard(seq)];

/**
 * As it goes out: each source once, without the two between whom the message goes, whose own words they know. The first and the latest when
 * there are too many.
 */
export function provenanceFor(
  { agent, peer }: Pick<Lane, 'agent' | 'peer'>,
  sources: readonly Source[] | undefined,
): readonly Json[] | undefined {
  if (sources === undefined) return undefined;
  const others = new Map(
    sources
      .filter((source) => source.agent !== peer && source.agent !== agent.agentId)
      .map((source) => [`${source.agent} ${source.message}`, source]),
  );
  const all = [...others.values()];
  const kept = all.length <= maxSources ? all : [...all.slice(0, 1), ...all.slice(1 - maxSources)];
  return kept.length === 0 ? undefined : kept.map((source) => ({ agent: source.agent, message: source.message }));
}

/** An answer that somebody waits for: what is said because of the same message from now on may hold its text. */
export function noteHeard(
  tx: MeshTransaction,
  { agent, sender, message }: { readonly agent: string; readonly sender: AgentId; readonly message: Message },
): void {
  const { correlationId: request } = message;
  const cause = request === undefined ? undefined : tx.budgets.given(agent, request)?.cause;
  if (cause === undefined) return;
  for (const source of [...sourcesIn(message), { agent: sender, message: message.id }]) {
    if (tx.sources.heard(cause).length < maxSources) tx.sources.add(cause, source);
  }
}
