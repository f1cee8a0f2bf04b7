import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { FrameId, Receipt } from '#protocol';
import type { NodeEvent } from '../../src/node/node-event.ts';
import type { Ledger } from './ledger.ts';
import type { Touch } from './life.ts';
import type { Death } from './computer-parts.ts';
import type { Deed } from './truth.ts';

export interface Words {
  readonly about: readonly string[];
  readonly text: string;
}

/** The messages by their numbers. */
function numbered(ids: readonly string[], ledger: Ledger): readonly string[] {
  return ids.map((id) => {
    const said = ledger.byId(id as `msg_${string}`);
    return said === undefined ? id : `#${said.n}`;
  });
}

const frameName = (id: FrameId): string => id.slice(-6);

/** A sentence with the numbers of messages in it, about them and more. */
type Sentence = (ids: readonly string[], text: (list: string) => string, ...more: readonly string[]) => Words;

/** What a transaction did; undefined for what explains nothing. */
export function wordsOfDeed(deed: Deed, ledger: Ledger): Words | undefined {
  const about: Sentence = (ids, text, ...more) => {
    const numbers = numbered(ids, ledger);
    return { about: [...numbers, ...more], text: text(numbers.length === 0 ? 'nothing' : numbers.join(' ')) };
  };
  switch (deed.kind) {
    case 'said':
      return about([deed.id], (list) => `stores ${list} in its outbox`);
    case 'sealed': {
      const where = `the ${deed.frameKind} frame ${frameName(deed.frame)} of session ${deed.group.slice(0, 6)}`;
      return about(deed.ids, (list) => `seals ${list} in ${where}`, deed.frame);
    }
    case 'unsealed': {
      const session = deed.group.slice(0, 6);
      return { about: [], text: `gives up what it sealed in session ${session}: its messages wait again` };
    }
    case 'frame refused':
      return about(deed.ids, (list) => `ends ${list} as refused (${deed.code})`, deed.frame);
    case 'given up':
      return about(deed.ids, (list) => `ends ${list}, which it may not send any more (${deed.code})`);
    case 'expired':
      return about(deed.ids, (list) => `ends ${list}, whose time is over`);
    case 'opened':
      return { about: [deed.frame], text: `remembers the frame ${frameName(deed.frame)}${asRefused(deed.refused)}` };
    case 'taken':
      return about([deed.id], (list) => `has ${list} in its inbox`);
    case 'leased':
      return about(deed.ids, (list) => `leases ${list} to its program`);
    case 'looked at':
      return about(deed.ids, (list) => `notes that somebody saw ${list}`);
    case 'handled':
      return about([deed.id], (list) => `notes that ${list} is handled`);
    case 'buried':
      return about([deed.id], (list) => `gives up on ${list} (${deed.reason})`);
    case 'owed':
      return wordsOfReceipt(deed.receipt, about);
  }
}

const asRefused = (code: ErrorCode | undefined): string => (code === undefined ? '' : ` as refused (${code})`);

function wordsOfReceipt(receipt: Receipt, about: Sentence): Words {
  switch (receipt.kind) {
    case 'delivered': {
      const { frameId } = receipt;
      return { about: [frameId], text: `owes the receipt that frame ${frameName(frameId)} was delivered` };
    }
    case 'seen':
      return about(receipt.messageIds, (list) => `owes the receipt that ${list} was seen`);
    case 'refused':
      return about([receipt.messageId], (list) => `owes the receipt that ${list} was refused (${receipt.code})`);
    case 'answered':
      return about([receipt.messageId], (list) => `owes the receipt that ${list} was answered`);
    case 'files':
      return about([receipt.messageId], (list) => `owes the receipt that the files of ${list} are here`);
  }
}

/** What a node tells its people. */
export function wordsOfEvent(
  event: NodeEvent,
  ledger: Ledger,
  nameOf: (agentId: AgentId) => string,
): Words | undefined {
  switch (event.type) {
    case 'state': {
      const numbers = numbered(event.ids, ledger);
      const why = event.reason === undefined ? '' : ` (${event.reason})`;
      return { about: numbers, text: `shows ${numbers.join(' ')} as ${event.state}${why}` };
    }
    case 'buried': {
      const numbers = numbered(event.ids, ledger);
      return { about: numbers, text: `shows ${numbers.join(' ')} as a dead letter (${event.reason})` };
    }
    case 'contact':
      return {
        about: [nameOf(event.contact.agentId)],
        text: `has ${nameOf(event.contact.agentId)} as ${event.contact.state}`,
      };
    case 'session-replaced':
      return { about: [nameOf(event.peer)], text: `replaces its session with ${nameOf(event.peer)} (${event.reason})` };
    case 'route': {
      const { change } = event;
      const peer = nameOf(event.peer);
      if (change.type === 'up') return { about: [peer], text: `has a link to ${peer}: ${change.route}` };
      return change.type === 'down' ? { about: [peer], text: `has no link to ${peer} (${change.code})` } : undefined;
    }
    case 'superseded':
      return { about: [], text: 'hears that a later life of its agent speaks for it' };
    default:
      return undefined;
  }
}

export function wordsOfDeath(death: Death, touch: Touch | undefined): string {
  const where = touch === undefined ? '' : ` (${touch})`;
  switch (death) {
    case 'power':
      return `loses its power${where}`;
    case 'disk failure':
      return 'stops, because its disk failed';
    case 'killed':
      return `is killed${where}`;
  }
}
