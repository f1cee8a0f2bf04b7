import type { Clock, Limits, Logger } from '#kernel';
import type { MessageType } from '#protocol';
import { defaultRuntimeTypes } from '../inbound-json.ts';
import type { InboundMessage, Runtime } from '../runtime.ts';
import type { DeviceKey } from './device-key.ts';

/** How turns of a gateway are driven, by whatever way. */
export interface GatewayTurns {
  /** For a gateway to which the token alone is not enough. */
  readonly device?: () => Promise<DeviceKey>;
  /** Which of the gateway's agents. */
  readonly gatewayAgent: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly types?: readonly MessageType[];
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
}

interface Way extends Pick<Runtime, 'trouble'> {
  handle(inbound: InboundMessage, signal: AbortSignal): ReturnType<Runtime['handle']>;
  close(): void;
}

/** The runtime `openclaw` over that way. */
export const gatewayRuntime = ({ types = defaultRuntimeTypes, concurrency }: GatewayTurns, way: Way): Runtime => ({
  kind: 'openclaw',
  types,
  concurrency,
  get trouble() {
    return way.trouble;
  },
  handle: (inbound, { signal }) => way.handle(inbound, signal),
  close: () => way.close(),
});
