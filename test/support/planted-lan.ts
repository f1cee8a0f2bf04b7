import type { LanPorts } from '../../src/node/lan-desk.ts';
import { MeshError } from '#kernel';

type Ear = ReturnType<LanPorts['ear']>;
type Answer = Parameters<Parameters<Ear['open']>[0]>[0];

/** A local network without packets: what is announced is there until it is closed, what is heard the test says. */
export class PlantedLan implements LanPorts {
  /** What each announcement says: name, port, interface. */
  readonly announced: { readonly name: string; readonly port: number; readonly interface: string | undefined }[] = [];
  readonly heard: Answer[] = [];
  /** This machine cannot, as long as it is set. */
  broken: string | undefined;
  attempts = 0;

  async announce({ port, interface: address }: Parameters<LanPorts['announce']>[0]) {
    this.attempts += 1;
    this.#check();
    const one = { name: `mesh-${this.attempts}`, port, interface: address };
    this.announced.push(one);
    return {
      name: one.name,
      problem: () => (this.broken === undefined ? undefined : new MeshError('LAN_UNAVAILABLE', this.broken)),
      close: async () => void this.announced.splice(this.announced.indexOf(one), 1),
    };
  }

  ear(): Ear {
    return {
      open: async (onAnswer) => {
        this.#check();
        for (const answer of this.heard) onAnswer(answer);
        return { ask: () => {}, close: async () => {} };
      },
    };
  }

  /** A node of this machine is heard, at the URL. */
  hear(url: string, change: Partial<Answer> = {}): void {
    const { hostname, port } = new URL(url);
    const text = ['v=1,2', 'path=/agent-mesh/discovery'];
    this.heard.push({ name: 'mesh-x', source: hostname, port: Number(port), addresses: [], text, ...change });
  }

  #check(): void {
    if (this.broken !== undefined) throw new MeshError('LAN_UNAVAILABLE', this.broken);
  }
}
