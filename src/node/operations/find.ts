import { isId, MeshError } from '#kernel';
import type { InboxMessage, OutboxMessage } from '#delivery';
import type { AgentHost } from '../agent-host.ts';

const minPrefix = 8;

/** A message of the inbox by its id, or by an unambiguous beginning of it (at least 8 characters after `msg_`). */
export function inboxRow(host: AgentHost, text: string): InboxMessage {
  const { inbox } = host.desk.ports.store.read;
  const { name } = host.agent;
  if (isId('msg', text)) return inbox.message(name, text) ?? missing(text, 'inbox');
  return only(inbox.messagesByPrefix(name, prefixOf(text, 'inbox')), { text, where: 'inbox' });
}

export function outboxRowNamed(host: AgentHost, text: string): OutboxMessage {
  const { outbox } = host.desk.ports.store.read;
  const { name } = host.agent;
  if (isId('msg', text)) return outbox.message(name, text) ?? missing(text, 'outbox');
  return only(outbox.messagesByPrefix(name, prefixOf(text, 'outbox')), { text, where: 'outbox' });
}

function prefixOf(text: string, where: string): string {
  return idPrefixOf(text) ?? missing(text, where);
}

/** Undefined for what cannot be the beginning of a message id, or is too short. */
export function idPrefixOf(text: string): string | undefined {
  const bare = text.startsWith('msg_') ? text.slice(4) : text;
  return /^[0-9a-f-]{8,36}$/.test(bare) && bare.length >= minPrefix ? `msg_${bare}` : undefined;
}

export function only<T extends { readonly id: string }>(
  found: readonly T[],
  asked: { text: string; where: string },
): T {
  const [first, second] = found;
  if (first === undefined) return missing(asked.text, asked.where);
  if (second === undefined) return first;
  const matches = found.map(({ id }) => id);
  throw new MeshError('AMBIGUOUS', `${asked.text} matches ${matches.length} messages`, {
    hint: `Use more of the id: ${matches.slice(0, 3).join(', ')}`,
    data: { matches },
  });
}

function missing(text: string, where: string): never {
  const shown = JSON.stringify(text.slice(0, 80));
  throw new MeshError('NOT_FOUND', `No message ${shown} in the ${where}`, { hint: `List them with: mesh ${where}` });
}
