import type { Call } from './call.ts';
import type { SentView } from './views/types.ts';

/**
 * Whether there is a connection to the peer now, for what is said to a person; undefined when nobody asks or it is not
 * known.
 */
export async function canReach({ client, settings, signal }: Call, sent: SentView): Promise<boolean | undefined> {
  if (settings.json || sent.state !== 'queued' || sent.wouldSend !== undefined) return undefined;
  try {
    const { contacts } = await client.contacts({ agent: settings.agent, state: 'trusted' }, { signal });
    const contact = contacts.find(({ agentId }) => agentId === sent.peerId);
    return contact === undefined ? undefined : contact.link === 'up';
  } catch {
    // The message is accepted, which counts more than this detail.
    return undefined;
  }
}
