import type { AgentId } from '#identity';
import type { Appended, HubStore, MailPage, NewMail } from '#hub';
import { decodeFrame } from '#protocol';
import type { SeededRandom } from './seeded-random.ts';
import { overriding } from './watched-store.ts';

/** How often a hub does what it should not. */
export interface Lies {
  /** Says that it keeps a frame, and does not. */
  drop: number;
  /** Does not hand out a frame, which is gone when those behind it are acknowledged. */
  hide: number;
  /** Hands out a frame twice, or one of before once more. */
  repeat: number;
  /** Hands out frames in another order. */
  shuffle: number;
  /** Changes a byte. */
  mangle: number;
  /** Hands out a key package that it handed out before. */
  reuse: number;
  /** Shows a card of before. */
  oldCard: number;
}

export const honest: Lies = { drop: 0, hide: 0, repeat: 0, shuffle: 0, mangle: 0, reuse: 0, oldCard: 0 };

export interface LyingStoreOptions {
  readonly inner: HubStore;
  readonly random: SeededRandom;
  /** As they are at the moment. */
  readonly lies: Lies;
  /** Agents who are lied to, or about. */
  onLie(...agents: readonly AgentId[]): void;
}

type Item = MailPage['items'][number];

/** So many frames are remembered, to be handed out once more. */
const remembered = 20;

/** The store of a hub whose owner means no good. Without any lies it is the store. */
export function lyingStore({ inner, random, lies, onLie }: LyingStoreOptions): HubStore {
  const { agents, mailboxes, keyPackages } = inner;
  const oldFrames: Uint8Array[] = [];
  const oldPackages = new Map<string, Uint8Array>();
  const oldCards = new Map<string, Uint8Array>();
  return overriding(inner, {
    agents: overriding(agents, {
      async card(agentId) {
        const card = await agents.card(agentId);
        const before = oldCards.get(agentId);
        if (card !== undefined && before === undefined) oldCards.set(agentId, card);
        return before !== undefined && happens(random, lies.oldCard) ? before : card;
      },
    }),
    mailboxes: overriding(mailboxes, {
      async append(mails) {
        const kept = mails.map(() => !happens(random, lies.drop));
        for (const [index, { from, to }] of mails.entries()) if (kept[index] !== true) onLie(from, to);
        const honestly = kept.every(Boolean) ? mails : mails.filter((_, index) => kept[index]);
        const appended = [...(await mailboxes.append(honestly))];
        return mails.map((mail, index) => (kept[index] === true ? appended.shift() : undefined) ?? pretended(mail));
      },
      async read(owner, page) {
        const read = await mailboxes.read(owner, page);
        for (const { frame } of read.items) oldFrames.push(frame);
        oldFrames.splice(0, oldFrames.length - remembered);
        const items = told(read.items, { random, lies, oldFrames });
        const isTrue =
          items.length === read.items.length && items.every((item, index) => item.frame === read.items[index]?.frame);
        if (!isTrue) for (const { frame } of read.items) onLie(...agentsOf(frame));
        return { ...read, items };
      },
    }),
    keyPackages: overriding(keyPackages, {
      async take(agentId) {
        const before = oldPackages.get(agentId);
        if (before !== undefined && happens(random, lies.reuse)) {
          onLie(agentId);
          return before;
        }
        const taken = await keyPackages.take(agentId);
        if (taken !== undefined) oldPackages.set(agentId, taken);
        return taken;
      },
    }),
  });
}

/** Costs no chance of those who are honest. */
const happens = (random: SeededRandom, often: number): boolean => often > 0 && random.chance(often);

const pretended = ({ at, to }: NewMail): Appended => ({ kind: 'stored', at, owner: to, isNew: true });

function agentsOf(frame: Uint8Array): readonly AgentId[] {
  const { from, to } = decodeFrame(frame);
  return [from, to];
}

interface Telling {
  readonly random: SeededRandom;
  readonly lies: Lies;
  readonly oldFrames: readonly Uint8Array[];
}

/** What is handed out in place of the frames. */
function told(items: readonly Item[], { random, lies, oldFrames }: Telling): readonly Item[] {
  const shown = items.filter(() => !happens(random, lies.hide));
  const frames = shown.map(({ frame }) => (happens(random, lies.mangle) ? mangled(frame, random) : frame));
  if (happens(random, lies.shuffle)) frames.sort(() => random.fraction() - 0.5);
  const changed = shown.map((item, index) => ({ ...item, frame: frames[index] ?? item.frame }));
  return changed.flatMap((item) => {
    const again = happens(random, lies.repeat) ? random.pick([...oldFrames, item.frame]) : undefined;
    return again === undefined ? [item] : [{ ...item, frame: again }, item];
  });
}

function mangled(frame: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = frame.slice();
  const place = random.below(bytes.length);
  bytes[place] = (bytes[place] ?? 0) ^ (1 << random.below(8));
  return bytes;
}
