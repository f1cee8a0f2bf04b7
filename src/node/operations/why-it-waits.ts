import type { Output } from '#api';
import { errorTable } from '#kernel';
import type { OutboxMessage, RouteStatus } from '#delivery';
import type { AgentHost } from '../agent-host.ts';
import { defined } from './defined.ts';

type Waits = NonNullable<Output<'track'>['waits']>;

const underWay: ReadonlySet<string> = new Set(['queued', 'sent', 'dead']);

/** Why a message that is under way does not go on now; undefined when it does, or has arrived or ended. */
export function whyItWaits(host: AgentHost, row: OutboxMessage): Waits | undefined {
  if (row.state === 'review') {
    return {
      code: 'REVIEW_PENDING',
      message: `The guard saw something in it: you decide with mesh review show ${row.id}`,
    };
  }
  if (!underWay.has(row.state)) return undefined;
  const contact = host.contact(row.peer);
  const name = contact?.petname ?? row.peer;
  if (contact?.state === 'changed') {
    return { code: 'CONTACT_CHANGED', message: `${name} shows another key than before; nothing is sent to it` };
  }
  const status = host.lanes.find(({ peer }) => peer === row.peer)?.courier.status();
  return status && reasonOf(status, name);
}

function reasonOf({ held, link, lastError, retryAt }: RouteStatus, name: string): Waits | undefined {
  if (held !== undefined) return { code: held.code, message: errorTable[held.code].meaning, until: held.until };
  if (link === 'up') return undefined;
  const { code, message } = lastError ?? { code: 'UNREACHABLE', message: `There is no connection to ${name}` };
  return { code, message, ...defined({ until: retryAt }) };
}
