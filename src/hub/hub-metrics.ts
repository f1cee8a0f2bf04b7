import type { Hub } from './hub.ts';

/** The state of a hub in the text form of Prometheus. The library is loaded when somebody asks first. */
export class HubMetrics {
  readonly #hub: Hub;
  #registry: Promise<{ metrics(): Promise<string> }> | undefined;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  async text(): Promise<string> {
    this.#registry ??= this.#build();
    return await (await this.#registry).metrics();
  }

  async #build(): Promise<{ metrics(): Promise<string> }> {
    const { collectDefaultMetrics, Counter, Gauge, Registry } = await import('prom-client');
    const registry = new Registry();
    const registers = [registry];
    collectDefaultMetrics({ register: registry });
    const { counts, links, listener, parts } = this.#hub;
    for (const [key, name, help] of counters) {
      new Counter({
        name: `mesh_hub_${name}_total`,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(counts[key]);
        },
      });
    }
    new Gauge({
      name: 'mesh_hub_kept',
      help: 'What the hub keeps now.',
      labelNames: ['what'],
      registers,
      async collect() {
        for (const [what, value] of Object.entries(await parts.store.totals())) this.set({ what }, Number(value));
      },
    });
    new Gauge({
      name: 'mesh_hub_links',
      help: 'Agents that are linked.',
      registers,
      collect() {
        this.set(links.size);
      },
    });
    new Gauge({
      name: 'mesh_hub_connections',
      help: 'Connections that were admitted.',
      registers,
      collect() {
        this.set(listener.size);
      },
    });
    return registry;
  }
}

const counters = [
  ['framesStored', 'frames_stored', 'Frames put into mailboxes.'],
  ['framesRepeated', 'frames_repeated', 'Frames that were there already.'],
  ['framesRefused', 'frames_refused', 'Frames that were refused.'],
  ['framesFetched', 'frames_fetched', 'Frames handed out.'],
  ['framesAcked', 'frames_acked', 'Frames removed by their agents.'],
  ['framesExpired', 'frames_expired', 'Frames removed because their time was over.'],
  ['bytesStored', 'bytes_stored', 'Bytes of frames put into mailboxes.'],
  ['bytesFetched', 'bytes_fetched', 'Bytes of frames handed out.'],
  ['questions', 'questions', 'Questions asked.'],
  ['questionsRefused', 'questions_refused', 'Questions refused.'],
  ['linksReplaced', 'links_replaced', 'Links that a newer one of the same agent replaced.'],
] as const;
