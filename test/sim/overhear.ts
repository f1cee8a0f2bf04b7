import { codeOf } from '#kernel';
import { decodeFrame, decodeLinkOperation, type LinkOperation } from '#protocol';
import type { Judge } from './judge.ts';
import { shortId } from './short-id.ts';
import type { Story } from './story.ts';

/** Who hears it. */
export interface Ears {
  readonly judge: Judge;
  readonly story: Story;
}

/** Two computers with a link between them, and who of them speaks. */
export interface Between {
  readonly from: string;
  readonly to: string;
}

/** Everything that goes over links passes here. */
export function overhear(ears: Ears, between: Between, bytes: Uint8Array): void {
  const { judge } = ears;
  const { from, to } = between;
  judge.bytes(between, bytes);
  try {
    note(ears, between, decodeLinkOperation(bytes));
  } catch (error) {
    judge.blame('wire', [from, to], `${from} wrote something to ${to} that cannot be decoded: ${codeOf(error)}`);
  }
}

function note({ judge, story }: Ears, { from, to }: Between, operation: LinkOperation): void {
  switch (operation.op) {
    case 'frame': {
      const frame = decodeFrame(operation.frame);
      judge.frame(from, frame.id, operation.frame);
      story.tell([from, to, frame.id], `${from} sends the ${frame.kind} frame ${shortId(frame.id)} to ${to}`);
      break;
    }
    case 'delivered':
    case 'stored':
    case 'refused': {
      const { op, frameId } = operation;
      const verdict = op === 'refused' ? `refuses (${operation.code})` : op === 'stored' ? 'keeps' : 'acknowledges';
      story.tell([from, to, frameId], `${from} ${verdict} the frame ${shortId(frameId)} of ${to}`);
      break;
    }
    case 'frames':
      for (const { frame, cursor } of operation.items) {
        const id = idOf(frame);
        const what = id === undefined ? 'something that is no frame' : `the frame ${shortId(id)}`;
        story.tell([from, to, ...(id === undefined ? [] : [id])], `${from} hands ${what} out to ${to} (${cursor})`);
      }
      break;
    case 'ack':
      story.tell([from, to], `${from} has taken what ${to} keeps for it up to ${operation.upTo}`);
      break;
    default:
  }
}

function idOf(bytes: Uint8Array): string | undefined {
  try {
    return decodeFrame(bytes).id;
  } catch {
    return undefined;
  }
}
