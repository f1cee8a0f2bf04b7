import { decodeCbor, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { Contact } from '#trust';
import { blob } from './columns.ts';
import type { Queries } from './database.ts';

/** The contacts of an agent decoded, because every message that is sent asks for one. Read when first asked for. */
export class ContactCache {
  readonly #queries: Queries;
  readonly #agents = new Map<string, Map<AgentId, Contact>>();

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  of(agent: string): ReadonlyMap<AgentId, Contact> {
    return this.#loaded(agent);
  }

  put(contact: Contact): void {
    this.#loaded(contact.agent).set(contact.agentId, contact);
  }

  delete(agent: string, agentId: AgentId): void {
    this.#loaded(agent).delete(agentId);
  }

  reset(): void {
    this.#agents.clear();
  }

  #loaded(agent: string): Map<AgentId, Contact> {
    const known = this.#agents.get(agent);
    if (known !== undefined) return known;
    const contacts = new Map<AgentId, Contact>();
    for (const row of this.#queries.all('SELECT body FROM contact WHERE agent = ? ORDER BY petname', agent)) {
      const contact = decodeContact(blob(row, 'body'));
      contacts.set(contact.agentId, contact);
    }
    this.#agents.set(agent, contacts);
    return contacts;
  }
}

/** Throws STORE_CORRUPT. */
export function decodeContact(bytes: Uint8Array): Contact {
  try {
    return decodeCbor(bytes) as Contact;
  } catch (cause) {
    throw new MeshError('STORE_CORRUPT', 'A contact as it is stored cannot be decoded', { cause });
  }
}
