import { type Clock, codeOf, type IdSource, MeshError, toMeshError } from '#kernel';
import type { DeviceKey } from '#runtime';
import { findTeammate } from './find-teammate.ts';
import { gatewayPlaceOf } from './gateway-address.ts';
import { GatewayLine } from './gateway-line.ts';
import type { Identity } from './identity.ts';
import type { Line, Way } from './line.ts';
import { MeshLine, type MeshPorts } from './mesh-line.ts';
import type { Registry } from './registry.ts';
import { TeamGuard } from './team-guard.ts';
import type { TeamSettings } from './settings.ts';
import { labelOf, type Teammate } from './teammate.ts';
import type { Tokens } from './tokens.ts';
import { tokenMissing } from './tokens.ts';

export interface TeamPorts {
  readonly settings: TeamSettings;
  readonly registry: Registry;
  readonly tokens: Tokens;
  /** Who works on this machine, as far as it is known. */
  readonly self?: Identity | undefined;
  /** The key of this machine, for gateways that want one. */
  readonly device?: (() => Promise<DeviceKey>) | undefined;
  /** Absent without a running node. */
  readonly mesh?: MeshPorts | undefined;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** How long a teammate may take to answer a call. */
const openMs = 8000;

/** What was found when a teammate was looked at. */
export type Look =
  | { readonly teammate: Teammate; readonly line: Line }
  | { readonly teammate: Teammate; readonly way: Way; readonly problem: MeshError };

/** The teammates of a registry, and the ways to them. */
export class Team {
  readonly #ports: TeamPorts;
  /** Over what goes to gateways and comes back. */
  readonly guard: TeamGuard;

  constructor(ports: TeamPorts) {
    this.#ports = ports;
    this.guard = new TeamGuard(ports.settings.guard, ports.tokens.secrets);
  }

  get teammates(): readonly Teammate[] {
    return this.#ports.registry.teammates;
  }

  /** Everybody but who works here. */
  get others(): readonly Teammate[] {
    return this.teammates.filter((teammate) => !this.isSelf(teammate));
  }

  /** The own entry. */
  get own(): Teammate | undefined {
    return this.teammates.find((teammate) => this.isSelf(teammate));
  }

  isSelf({ emailPrefix }: Teammate): boolean {
    return emailPrefix.toLowerCase() === this.#ports.self?.prefix;
  }

  /** Throws NOT_FOUND, AMBIGUOUS. */
  find(text: string): Teammate {
    return findTeammate(text, this.#ports.registry);
  }

  /** Which ways there are, in the order in which they are tried; nothing is connected. */
  waysTo(teammate: Teammate): readonly Way[] {
    const hasGateway = teammate.url !== undefined || teammate.ip !== undefined;
    // Without a node the mesh is left out, unless it is the only way that the registry knows.
    const viaMesh = teammate.mesh !== undefined && (this.#ports.mesh !== undefined || !hasGateway);
    const viaGateway = hasGateway || !viaMesh;
    return [...(viaMesh ? ['mesh' as const] : []), ...(viaGateway ? ['gateway' as const] : [])];
  }

  /** What stands against the gateway of a teammate before anything is sent: no address, no token, an unencrypted way. */
  gatewayOf(teammate: Teammate): { readonly url: string; readonly isLoopback: boolean; readonly token: string } {
    const { settings, tokens } = this.#ports;
    const place = gatewayPlaceOf(teammate, settings);
    const token = tokens.of(teammate);
    if (token === undefined) throw tokenMissing(teammate, tokens);
    return { ...place, token };
  }

  /**
   * The first way that is open: the mesh for a peer of the local node, else the gateway. Rejects with why the last one is not:
   * GATEWAY_UNREACHABLE, UNREACHABLE, TEAM_ADDRESS_MISSING when nothing leads there now, and GATEWAY_REFUSED, TEAM_TOKEN_MISSING,
   * PLAINTEXT_REFUSED, NOT_TRUSTED, NODE_NOT_RUNNING when something has to be put right.
   */
  async open(teammate: Teammate, signal: AbortSignal): Promise<Line> {
    const [first, second] = this.waysTo(teammate);
    const { mesh } = this.#ports;
    if (first !== 'mesh') return await this.openGateway(teammate, signal);
    if (mesh === undefined) {
      const text = `${labelOf(teammate)} is reached over the mesh, and no node runs here`;
      throw new MeshError('NODE_NOT_RUNNING', text, { hint: 'Start it: mesh up --detach' });
    }
    try {
      return await MeshLine.open(mesh, teammate, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (second === undefined || !givesWay(error)) throw error;
      return await this.openGateway(teammate, signal);
    }
  }

  /** The same, where a failure is a thing to tell. */
  async look(teammate: Teammate, signal: AbortSignal): Promise<Look> {
    try {
      return { teammate, line: await this.open(teammate, signal) };
    } catch (error) {
      signal.throwIfAborted();
      return { teammate, way: this.waysTo(teammate).at(-1) ?? 'gateway', problem: toMeshError(error) };
    }
  }

  async openGateway(teammate: Teammate, signal: AbortSignal): Promise<GatewayLine> {
    const { clock, ids, device, self: from, tokens } = this.#ports;
    const { guard } = this;
    const { token, ...place } = this.gatewayOf(teammate);
    const redact = (text: string): string => tokens.redact(text);
    return await GatewayLine.open({ teammate, place, token, device, clock, ids, from, openMs, guard, redact }, signal);
  }
}

/** Nothing was said yet, so another way may be taken. */
const givesWay = (error: unknown): boolean =>
  ['NOT_TRUSTED', 'UNREACHABLE', 'NODE_NOT_RUNNING', 'LINK_CLOSED', 'SHUTTING_DOWN', 'TIMEOUT'].includes(codeOf(error));

const nowhere: readonly string[] = ['GATEWAY_UNREACHABLE', 'UNREACHABLE', 'TEAM_ADDRESS_MISSING'];

/** Nothing leads to the teammate now, and nothing has to be put right here first. */
export const isUnreachable = (error: unknown): boolean => nowhere.includes(codeOf(error));
