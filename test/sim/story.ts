/** One thing that happened, in a plain sentence. */
export interface Line {
  readonly at: number;
  /** Whom it concerns: names of nodes, `#7` for a message, the ids of frames. */
  readonly about: readonly string[];
  readonly text: string;
}

/** What happened, in words. */
export class Story {
  readonly lines: Line[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  tell(about: readonly string[], text: string): void {
    this.lines.push({ at: this.#now(), about, text });
  }
}

/** Minutes, seconds and milliseconds since the beginning. */
const stamp = (at: number): string => {
  const minutes = String(Math.floor(at / 60_000)).padStart(3, '0');
  const seconds = ((at % 60_000) / 1000).toFixed(3).padStart(6, '0');
  return `${minutes}:${seconds}`;
};

export const asText = ({ at, text }: Line): string => `${stamp(at)}  ${text}`;

const isMessage = (tag: string): boolean => tag.startsWith('#');
const isFrame = (tag: string): boolean => tag.startsWith('frm_');
const isNode = (tag: string): boolean => !isMessage(tag) && !isFrame(tag);

/** Of all that happened what has to do with these messages and nodes: the way of the messages, and what befell the nodes. */
export function storyAbout(lines: readonly Line[], about: readonly string[]): readonly Line[] {
  const messages = new Set(about.filter(isMessage));
  const nodes = new Set(about.filter(isNode));
  const holders = lines.filter((line) => line.about.some((tag) => messages.has(tag)));
  const frames = new Set(holders.flatMap((line) => line.about.filter(isFrame)));
  return lines.filter((line) => {
    const named = line.about.filter(isMessage);
    const held = line.about.filter(isFrame);
    if (named.length > 0 && messages.size > 0) return named.some((tag) => messages.has(tag));
    if (held.length > 0 && messages.size > 0) return held.some((tag) => frames.has(tag));
    // Of two nodes that a line is about, both must be meant.
    return line.about.every((tag) => !isNode(tag) || nodes.has(tag));
  });
}
