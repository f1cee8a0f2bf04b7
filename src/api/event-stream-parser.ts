/** One event of a stream; `id` is the last one that was sent. */
export interface SentEvent {
  readonly id: string;
  readonly data: string;
}

/** Reads the text of an event stream (WHATWG HTML §9.2.6), in pieces that may be cut anywhere. */
export class EventStreamParser {
  #rest = '';
  #atStart = true;
  #data: string[] = [];
  #id = '';

  /** The events that are complete with this piece. */
  feed(text: string): readonly SentEvent[] {
    if (text === '') return [];
    // A byte order mark counts only in front of everything.
    const joined = this.#rest + (this.#atStart ? text.replace(/^\uFEFF/, '') : text);
    this.#atStart = false;
    // A carriage return at the end may be half of a line break.
    const lines = joined.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): readonly SentEvent[] {
    if (line === '') return this.#complete();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    if (field === 'id' && !value.includes('\0')) this.#id = value;
    // The type stands in the data as well; a line that begins with a colon is a comment.
    return [];
  }

  /** A block without data is no event. */
  #complete(): readonly SentEvent[] {
    const data = this.#data;
    this.#data = [];
    return data.length === 0 ? [] : [{ id: this.#id, data: data.join('\n') }];
  }
}
