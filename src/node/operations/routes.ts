import type { Operations } from '#api';
import { type Contact, resolveContact } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import { probeRoutes, routesTo } from '../contact-routes.ts';
import { hostNamed, type NodeParts } from '../parts.ts';

/** The ways to contacts, and how they are. */
export function routeOperations(parts: NodeParts): Pick<Operations, 'routes' | 'probe'> {
  return {
    async routes(input) {
      const host = hostNamed(parts, input.agent);
      return { contacts: wanted(parts, host, input.contact).map((contact) => view(parts, host, contact)) };
    },

    async probe(input, { signal }) {
      const host = hostNamed(parts, input.agent);
      const contacts = wanted(parts, host, input.contact);
      await Promise.all(contacts.map((contact) => probeRoutes(parts, { host, contact }, signal)));
      return { contacts: contacts.map((contact) => view(parts, host, contact)) };
    },
  };
}

function wanted(parts: NodeParts, host: AgentHost, name: string | undefined): readonly Contact[] {
  if (name !== undefined) return [resolveContact(parts.store.read.contacts, host.agent.name, name)];
  return parts.store.read.contacts.list({ agent: host.agent.name, states: ['trusted'] });
}

const view = (parts: NodeParts, host: AgentHost, contact: Contact) => ({
  petname: contact.petname,
  agentId: contact.agentId,
  routes: routesTo(parts, host, contact),
});
