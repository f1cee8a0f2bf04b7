import type { AgentId } from '#identity';
import { type OfferedMessage, sourcesIn } from '#pipeline';
import type { Message } from '#protocol';
import type { InboundMessage } from '#runtime';

/** What the node knows of a message beside what it says: what the guard saw in it, and whose text it may hold. */
export function knownBeside(
  { findings }: OfferedMessage,
  message: Message,
  nameOf: (agent: AgentId) => string,
): Pick<InboundMessage, 'findings' | 'sources'> {
  const sources = sourcesIn(message).map(({ agent, message: id }) => {
    const name = nameOf(agent);
    return { agent, message: id, ...(name === agent ? {} : { name }) };
  });
  return { ...(findings === undefined ? {} : { findings }), ...(sources.length === 0 ? {} : { sources }) };
}
