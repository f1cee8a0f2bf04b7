import { describe, expect, it } from 'vitest';
import { MeshError } from '#kernel';
import { scan, type ScanEvent, type ScanOptions } from './scan.ts';

const targets = Array.from({ length: 10 }, (_, index) => `http://h${index}`);

/** Answers are given by the test, one address at a time. */
class Answers {
  readonly asked: string[] = [];
  readonly signals: AbortSignal[] = [];
  readonly #open = new Map<string, PromiseWithResolvers<string>>();
  busiest = 0;

  readonly fetchDocument = (url: string, { signal }: { readonly signal: AbortSignal }): Promise<string> => {
    const answer = Promise.withResolvers<string>();
    this.asked.push(url);
    this.signals.push(signal);
    this.#open.set(url, answer);
    this.busiest = Math.max(this.busiest, this.#open.size);
    signal.addEventListener('abort', () => this.refuse(url), { once: true });
    return answer.promise;
  };

  answer(url: string): void {
    this.#take(url)?.resolve(`node at ${url}`);
  }

  refuse(url: string): void {
    this.#take(url)?.reject(new MeshError('UNREACHABLE'));
  }

  get open(): readonly string[] {
    return [...this.#open.keys()];
  }

  #take(url: string): PromiseWithResolvers<string> | undefined {
    const answer = this.#open.get(url);
    this.#open.delete(url);
    return answer;
  }
}

function start(answers: Answers, changed: Partial<ScanOptions<string>> = {}) {
  return scan({ targets, timeoutMs: 9, concurrency: 3, fetchDocument: answers.fetchDocument, ...changed });
}

type Event = ScanEvent<string>;

describe('a scan', () => {
  it('asks no more at once than it may, and all in the end', async () => {
    const answers = new Answers();
    const events: Event[] = [];
    for await (const event of start(answers)) {
      events.push(event);
      const [first] = answers.open;
      if (first !== undefined) answers.refuse(first);
    }
    expect(answers.busiest).toBe(3);
    expect(answers.asked).toEqual(targets);
    expect(events.at(-1)).toEqual({ type: 'done', total: 10, found: 0 });
    expect(events.at(-2)).toEqual({ type: 'progress', done: 10, total: 10 });
  });

  it('tells of a node as soon as it answers, while others are still asked', async () => {
    const answers = new Answers();
    const events = start(answers);
    expect((await events.next()).value).toEqual({ type: 'progress', done: 0, total: 10 });
    answers.answer('http://h1');
    expect((await events.next()).value).toEqual({ type: 'found', url: 'http://h1', document: 'node at http://h1' });
    expect((await events.next()).value).toEqual({ type: 'progress', done: 1, total: 10 });
    expect(answers.open).toEqual(['http://h0', 'http://h2', 'http://h3']);
    await events.return();
  });

  it('gives a slow reader one report for all that was done meanwhile', async () => {
    const answers = new Answers();
    const events = start(answers, { concurrency: 10 });
    await events.next();
    for (const url of targets) answers.refuse(url);
    expect((await events.next()).value).toMatchObject({ type: 'progress' });
    const rest: Event[] = [];
    for await (const event of events) rest.push(event);
    expect(rest.length).toBeLessThanOrEqual(2);
    expect(rest.at(-1)).toEqual({ type: 'done', total: 10, found: 0 });
  });

  it('ends what is under way when nobody reads on', async () => {
    const answers = new Answers();
    for await (const event of start(answers)) {
      expect(event.type).toBe('progress');
      break;
    }
    expect(answers.signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
    expect(answers.asked).toHaveLength(3);
  });

  it('ends with the reason of its signal', async () => {
    const answers = new Answers();
    const stop = new AbortController();
    const events = start(answers, { signal: stop.signal });
    await events.next();
    const next = events.next();
    stop.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    expect(answers.signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it('of nothing is done at once', async () => {
    const events: Event[] = [];
    for await (const event of start(new Answers(), { targets: [] })) events.push(event);
    expect(events).toEqual([
      { type: 'progress', done: 0, total: 0 },
      { type: 'done', total: 0, found: 0 },
    ]);
  });
});
