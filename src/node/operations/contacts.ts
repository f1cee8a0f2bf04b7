import type { Operations } from '#api';
import { MeshError } from '#kernel';
import { parseName } from '#identity';
import { changeContact, endContact, petnameFor, takeNewKey } from '#pipeline';
import { type Contact, type ContactEvent, resolveContact } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import { hostNamed, type NodeParts } from '../parts.ts';
import { contactOf } from './messages.ts';
import { defined } from './defined.ts';
import { contactView, contactViews } from './views.ts';

type Named = { readonly agent?: string | undefined; readonly contact: string };

function found(parts: NodeParts, input: Named): [AgentHost, Contact] {
  const host = hostNamed(parts, input.agent);
  return [host, contactOf(host, input.contact)];
}

const decide = async (host: AgentHost, contact: Contact, event: ContactEvent) =>
  contactView(host, await changeContact(host.desk, contact.agentId, event));

/** What is known of contacts, and what they are called here. */
export function contactOperations(
  parts: NodeParts,
): Pick<Operations, 'contacts' | 'contact' | 'rename' | 'markVerified'> {
  return {
    async contacts(input) {
      const host = hostNamed(parts, input.agent);
      const states = input.state === undefined ? undefined : [input.state];
      const list = parts.store.read.contacts.list({ agent: host.agent.name, ...defined({ states }) });
      return { contacts: await contactViews(host, list) };
    },

    async contact(input) {
      const [host, contact] = found(parts, input);
      await host.lanes
        .find((lane) => lane.peer === contact.agentId)
        ?.courier.measure()
        .catch(() => undefined);
      return contactView(host, contact);
    },

    async rename(input) {
      const [host, contact] = found(parts, input);
      const name = parseName(input.name);
      const petname = petnameFor(host.desk, { agentId: contact.agentId, name, petname: name });
      await parts.store.transact((tx) => tx.contacts.put({ ...contact, petname, updatedAt: parts.clock.now() }));
      const renamed = resolveContact(parts.store.read.contacts, host.agent.name, petname);
      host.desk.ports.emit({ type: 'contact', contact: renamed });
      return contactView(host, renamed);
    },

    async markVerified(input) {
      const [host, contact] = found(parts, input);
      checkNumber(input.safetyNumber, host.agent.safetyNumberWith(contact.agentId));
      return decide(host, contact, { type: 'markVerified' });
    },
  };
}

/** What contacts may do: tiers, blocking, removal, and the decision about a changed key. */
export function contactStanding(parts: NodeParts): Pick<Operations, 'setTier' | 'block' | 'remove' | 'approveChange'> {
  return {
    async setTier(input) {
      const [host, contact] = found(parts, input);
      const { messageTypes, maxAttachmentBytes } = input;
      const permissions =
        messageTypes === undefined && maxAttachmentBytes === undefined
          ? {}
          : { permissions: { ...contact.permissions, ...defined({ messageTypes, maxAttachmentBytes }) } };
      const event = { type: 'setTier', tier: input.tier, ...permissions } as const;
      const changed =
        input.tier === 'blocked'
          ? await block(host, contact, event)
          : await changeContact(host.desk, contact.agentId, event);
      host.runner.wake();
      return contactView(host, changed);
    },

    async block(input) {
      const [host, contact] = found(parts, input);
      return contactView(host, await block(host, contact, { type: 'block' }));
    },

    async remove(input) {
      const [host, contact] = found(parts, input);
      const end = { event: { type: 'remove' }, code: 'NOT_TRUSTED' } as const;
      const { refused } = await endContact(host.lane(contact.agentId), end);
      await host.forgetLane(contact.agentId);
      return { removed: contact.petname, cancelled: refused.length };
    },

    async approveChange(input) {
      const [host, contact] = found(parts, input);
      const { agentId } = contact;
      if (input.keepKey === true)
        return decide(host, contact, { type: 'approveChange', decision: { keep: 'old-key' } });
      const renewed = await takeNewKey(host.desk, agentId);
      await host.forgetLane(agentId);
      return contactView(host, renewed);
    },
  };
}

const block = async (host: AgentHost, contact: Contact, event: ContactEvent): Promise<Contact> =>
  (await endContact(host.lane(contact.agentId), { event, code: 'CONTACT_BLOCKED' })).contact;

function checkNumber(given: string | undefined, expected: string): void {
  if (given === undefined) return;
  const digits = (text: string): string => text.replaceAll(/[\s-]/g, '');
  if (digits(given) === digits(expected)) return;
  throw new MeshError('SIGNATURE_INVALID', 'The safety numbers differ', {
    hint: 'Somebody may be in between, or the other person compared another contact: do not trust this one yet.',
  });
}
