import { type Clock, MeshError, toMeshError } from '#kernel';
import { GatewayClient, listOf, textOf } from '#runtime';
import type { LocalGateway } from './find-gateway.ts';

export interface GatewayFacts {
  readonly version: string | undefined;
  /** Ids of its agents; empty when it does not tell. */
  readonly agents: readonly string[];
}

/** That the gateway runs. Throws GATEWAY_UNREACHABLE. */
export async function checkRuns({ host, isTls, configPath }: LocalGateway, signal: AbortSignal): Promise<void> {
  const url = `${isTls ? 'https' : 'http'}://${host}/readyz`;
  try {
    const { ok, status } = await fetch(url, { redirect: 'manual', signal });
    if (ok) return;
    throw new MeshError('GATEWAY_UNREACHABLE', `The OpenClaw gateway at ${host} is not ready (status ${status})`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MeshError) throw error;
    throw new MeshError(
      'GATEWAY_UNREACHABLE',
      `No gateway answers at ${host}, where ${configPath} says that it listens`,
      {
        cause: error,
        hint: 'Start it: openclaw gateway run. Then run this again.',
      },
    );
  }
}

/** Who it is. Rejects with GATEWAY_REFUSED for a token that is not its own, NOT_FOUND for an agent that it has not. */
export async function meetGateway(
  { host, isTls }: LocalGateway,
  { token, gatewayAgent, clock }: { readonly token: string; readonly gatewayAgent: string; readonly clock: Clock },
): Promise<GatewayFacts> {
  const client = await GatewayClient.open({ url: `${isTls ? 'wss' : 'ws'}://${host}`, token }, clock);
  try {
    const answer = await client.request('agents.list', {}).catch((error: unknown) => toMeshError(error));
    const agents = answer instanceof MeshError ? [] : listOf(answer['agents']).map(({ id }) => textOf(id) ?? '');
    if (agents.length > 0 && !agents.includes(gatewayAgent)) {
      throw new MeshError('NOT_FOUND', `The gateway has no agent ${gatewayAgent}`, {
        hint: `Choose one of its agents with --gateway-agent: ${agents.join(', ')}`,
      });
    }
    return { version: client.version, agents };
  } finally {
    client.close();
  }
}
