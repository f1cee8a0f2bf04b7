import {
  type Clock,
  codeOf,
  createIds,
  defaultLimits,
  type Limits,
  MeshError,
  silentLogger,
  systemRandom,
} from '#kernel';
import { agentIdOf, generateKeyPair } from '#identity';
import type { InboundMessage, Runtime } from '#runtime';
import type { RuntimeConfig } from '../config.ts';
import { makeRuntime } from '../make-runtime.ts';

/** What came of a message that was put to the gateway as one of a peer. */
export interface RoundTrip {
  readonly ms: number;
  /** Absent when the gateway takes messages and gives no answers. */
  readonly answer?: string;
}

export interface RoundTripOptions {
  readonly settings: RuntimeConfig;
  readonly configPath: string;
  readonly agentDir: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A gateway takes over a changed configuration by itself, within seconds. */
const settleMs = 30_000;
const againMs = 500;
const turnMs = 180_000;

/** A question of a peer that is made up for it, through the runtime that the node will have. Rejects as a runtime does. */
export async function roundTrip(options: RoundTripOptions): Promise<RoundTrip> {
  const { settings, configPath, agentDir, clock, signal } = options;
  const limits: Limits = { ...defaultLimits, turnTimeoutMs: turnMs };
  const ports = { clock, random: systemRandom, limits, logger: silentLogger, agentDir, configPath };
  const runtime = await makeRuntime(settings, ports);
  try {
    const inbound = question(clock);
    const startedAt = clock.monotonic();
    const answer = await handled(runtime, { inbound, clock, signal, until: startedAt + settleMs });
    return {
      ms: Math.round(clock.monotonic() - startedAt),
      ...(answer === undefined ? {} : { answer: answer.body }),
    };
  } finally {
    runtime.close?.();
  }
}

interface Handling {
  readonly inbound: InboundMessage;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly until: number;
}

async function handled(runtime: Runtime, { inbound, clock, signal, until }: Handling) {
  for (;;) {
    try {
      return await runtime.handle(inbound, { signal });
    } catch (error) {
      if (!waits.includes(codeOf(error)) || clock.monotonic() > until || isForItsOwner(error)) throw error;
      await clock.sleep(againMs, { signal });
    }
  }
}

const waits: readonly string[] = ['GATEWAY_UNREACHABLE', 'GATEWAY_DENIED'];

const isForItsOwner = (error: unknown): boolean =>
  error instanceof MeshError && error.data['reason'] === 'PAIRING_REQUIRED';

function question(clock: Clock): InboundMessage {
  const ids = createIds(clock, systemRandom);
  const stranger = agentIdOf(generateKeyPair(systemRandom).publicKey);
  return {
    message: {
      id: ids.next('msg'),
      type: 'request',
      from: stranger,
      to: stranger,
      timestamp: clock.now(),
      ttl: turnMs / 1000,
      priority: 'normal',
      conversationId: ids.next('conv'),
      payload: { body: 'This is a check of the connection. Answer with one short sentence.' },
    },
    senderName: 'mesh-setup',
    attempt: 1,
  };
}
