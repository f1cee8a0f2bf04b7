import { isId, MeshError } from '#kernel';
import { type AgentId, isAgentId } from '#identity';
import type { Contact } from './contact.ts';
import type { ContactReader } from './store.ts';

const didStart = 'did:key:z6Mk';
/** Every id begins alike: only what follows tells agents apart. */
const minDistinctCharacters = 6;
const base58 = /^[1-9A-HJ-NP-Za-km-z]+$/;

/**
 * The contact that a person means by its petname, its id, or an unambiguous beginning of the id (at least 6 characters
 * after `did:key:z6Mk`, with or without it). An exact petname wins. Throws NOT_FOUND (the hint names the nearest),
 * AMBIGUOUS (`data.matches`).
 */
export function resolveContact(reader: ContactReader, agent: string, text: string): Contact {
  const named = reader.byPetname(agent, text);
  if (named !== undefined) return named;
  if (isAgentId(text)) return found(reader.byAgentId(agent, text), { reader, agent, text });
  if (text.startsWith('did:') && text.length < didStart.length + minDistinctCharacters) throw tooShort(text);
  const prefix = idPrefix(text);
  const matches = prefix === undefined ? [] : reader.byIdPrefix(agent, prefix);
  if (matches.length > 1) throw ambiguous(text, matches);
  return found(matches[0], { reader, agent, text });
}

/** The contact whose request waits, by request id or as `resolveContact`. Throws NOT_FOUND, AMBIGUOUS. */
export function resolveRequest(reader: ContactReader, agent: string, text: string): Contact {
  // Ids from outside are compared, never used as a path or a pattern.
  if (!text.startsWith('req_')) return resolveContact(reader, agent, text);
  const contact = isId('req', text) ? reader.byRequestId(agent, text) : undefined;
  if (contact !== undefined) return contact;
  throw new MeshError('NOT_FOUND', `No contact request has the id ${shown(text)}`, {
    hint: 'List them with: mesh requests',
  });
}

function idPrefix(text: string): AgentId | undefined {
  const rest = text.startsWith(didStart) ? text.slice(didStart.length) : text;
  return rest.length >= minDistinctCharacters && base58.test(rest) ? `${didStart}${rest}` : undefined;
}

const tooShort = (text: string): MeshError =>
  new MeshError('NOT_FOUND', `${shown(text)} is too short to tell agents apart`, {
    hint: `Give at least ${minDistinctCharacters} characters after ${didStart}, or a name of: mesh peers`,
  });

interface Question {
  readonly reader: ContactReader;
  readonly agent: string;
  readonly text: string;
}

function found(contact: Contact | undefined, { reader, agent, text }: Question): Contact {
  if (contact !== undefined) return contact;
  const names = nearestNames(
    text,
    reader.list({ agent }).map(({ petname }) => petname),
  );
  throw new MeshError('NOT_FOUND', `No contact is called ${shown(text)}, and no id begins so`, {
    hint: names.length === 0 ? 'List the contacts with: mesh peers' : `Did you mean ${names.join(' or ')}?`,
    data: { nearest: names },
  });
}

function ambiguous(text: string, matches: readonly Contact[]): MeshError {
  const list = matches.map(({ petname, agentId }) => ({ petname, agentId }));
  const names = list.map(({ petname }) => petname).join(', ');
  return new MeshError('AMBIGUOUS', `${shown(text)} is the beginning of ${matches.length} ids: ${names}`, {
    data: { matches: list },
  });
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 80));

/** At most three names that begin like the text or differ from it by little, nearest first. */
function nearestNames(text: string, names: readonly string[]): readonly string[] {
  const wanted = text.toLowerCase().slice(0, 63);
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return names
    .map((name) => ({ name, distance: isPart(wanted, name) ? 0 : editDistance(wanted, name) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name);
}

const isPart = (wanted: string, name: string): boolean =>
  wanted.length >= 2 && (name.startsWith(wanted) || wanted.startsWith(name));

/** Levenshtein. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
