import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, type AgentSettings, type Received } from '../../src/index.ts';

/** Agents and hubs of a program, which are closed when the test is over. */
export class LibraryWorld implements AsyncDisposable {
  readonly #all: AsyncDisposable[] = [];
  readonly #folders: string[] = [];

  keep<T extends AsyncDisposable>(one: T): T {
    this.#all.push(one);
    return one;
  }

  agent(name: string, settings: AgentSettings = {}): Agent {
    return this.keep(new Agent(name, settings));
  }

  folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'mesh-library-'));
    this.#folders.push(path);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#all.toReversed()) await one[Symbol.asyncDispose]();
    for (const path of this.#folders) rmSync(path, { recursive: true, force: true });
  }
}

/** So many messages, as they come. */
export function messages(agent: Agent, count = 1): Promise<readonly Received[]> {
  const all: Received[] = [];
  const done = Promise.withResolvers<readonly Received[]>();
  agent.onMessage((message) => {
    all.push(message);
    if (all.length === count) done.resolve(all);
  });
  return done.promise;
}

/** Resolves when the look is true; it looks again after whatever the agent tells. */
export async function when(agent: Agent, look: () => Promise<boolean>): Promise<void> {
  await agent.ready();
  const end = new AbortController();
  const events = agent.events({ signal: end.signal })[Symbol.asyncIterator]();
  for (let next = events.next(); !(await look()); next = events.next()) await next;
  end.abort();
}

export const tookStep = (agent: Agent, id: string, step: string): Promise<void> =>
  when(agent, async () => (await agent.track(id)).steps.some(({ state }) => state === step));
