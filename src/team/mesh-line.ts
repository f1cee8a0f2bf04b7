import type { Client, ContactView, Input, Output } from '#api';
import { MeshError } from '#kernel';
import type { Line, Question, Reply } from './line.ts';
import { labelOf, type Teammate } from './teammate.ts';

/** The local node, for teammates whose agents have one too. */
export interface MeshPorts {
  readonly client: Pick<Client, 'contacts' | 'probe' | 'scan' | 'ask'>;
  /** Which of the node's agents speaks; the default one without it. */
  readonly agent?: string | undefined;
  /** Because of what it is said: a person, or a message that the node handed to a program. */
  readonly cause: Pick<Input<'ask'>, 'root' | 'causedBy'>;
}

type Route = Output<'probe'>['contacts'][number]['routes'][number];

/** Over a peer of the local node: encrypted, and the sender is proved. */
export class MeshLine implements Line {
  readonly way = 'mesh';
  readonly teammate: Teammate;
  readonly address: string;
  readonly latencyMs?: number;
  readonly #ports: MeshPorts;
  readonly #peer: ContactView;

  private constructor(ports: MeshPorts, { teammate, peer, route }: Reached) {
    this.#ports = ports;
    this.#peer = peer;
    this.teammate = teammate;
    this.address = `${route.kind} ${route.url}`;
    if (route.latencyMs !== undefined) this.latencyMs = route.latencyMs;
  }

  /** Rejects with NOT_TRUSTED when the teammate is no peer of this node, UNREACHABLE when no way leads there. */
  static async open(ports: MeshPorts, teammate: Teammate, signal: AbortSignal): Promise<MeshLine> {
    const peer = await peerOf(ports, teammate, signal);
    const { client, agent } = ports;
    const { contacts } = await client.probe({ agent, contact: peer.agentId }, { signal });
    const routes = contacts.find(({ agentId }) => agentId === peer.agentId)?.routes ?? [];
    const route = routes.find(({ state }) => state === 'in use') ?? routes.find(({ state }) => state === 'works');
    if (route !== undefined) return new MeshLine(ports, { teammate, peer, route });
    throw new MeshError('UNREACHABLE', `No way of the mesh leads to ${labelOf(teammate)} now`, {
      hint: `A message that waits until there is one: mesh send ${peer.petname} "…". The ways: mesh routes ${peer.petname}`,
    });
  }

  async ask({ text, timeoutMs, after }: Question, signal: AbortSignal): Promise<Reply> {
    const { client, agent, cause } = this.#ports;
    const because = after?.answerId === undefined ? cause : { replyTo: after.answerId, causedBy: after.answerId };
    const input = { agent, to: this.#peer.agentId, text, timeoutMs, ...because };
    const { request, answer, elapsedMs } = await client.ask(input, { signal });
    return { text: answer.body, run: request, elapsedMs, answerId: answer.id };
  }

  [Symbol.dispose](): void {
    // The node keeps its links.
  }
}

interface Reached {
  readonly teammate: Teammate;
  readonly peer: ContactView;
  readonly route: Route;
}

/** The peer that the registry means. Rejects with NOT_TRUSTED. */
export async function peerOf(ports: MeshPorts, teammate: Teammate, signal: AbortSignal): Promise<ContactView> {
  const { client, agent } = ports;
  const id = await meshIdOf(ports, teammate, signal);
  const { contacts } = await client.contacts({ agent, state: 'trusted' }, { signal });
  const peer = contacts.find(({ agentId }) => agentId === id);
  if (peer !== undefined) return peer;
  const target = teammate.mesh?.startsWith('http') === true ? new URL(teammate.mesh).origin : 'URL';
  throw new MeshError('NOT_TRUSTED', `${labelOf(teammate)} is no peer of this node: ${id}`, {
    hint: `Ask for contact with mesh request ${target}, or for an invite, and join with mesh join INVITE`,
  });
}

/** The id in the registry, or that of the only agent whose card the node at that address shows. */
async function meshIdOf({ client, agent }: MeshPorts, teammate: Teammate, signal: AbortSignal): Promise<string> {
  const { mesh = '' } = teammate;
  if (mesh.startsWith('did:')) return mesh;
  const found: { readonly agentId: string }[] = [];
  for await (const line of client.scan({ agent, targets: [new URL(mesh).origin] }, { signal })) {
    if (line.type === 'found') found.push(...line.agents);
  }
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only.agentId;
  const problem = only === undefined ? 'no node shows a card' : `the node shows ${found.length} agents`;
  throw new MeshError('UNREACHABLE', `At ${mesh} of ${labelOf(teammate)} ${problem}`, {
    hint: `Write the id of the agent in place of the address into registry.json: "mesh": "did:key:…". ${teammate.name} sees it with: mesh whoami`,
  });
}
