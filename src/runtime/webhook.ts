import { type Clock, type Limits, type Logger, MeshError } from '#kernel';
import type { MessageType } from '#protocol';
import { parseAnswer } from './answer.ts';
import { inTime } from './in-time.ts';
import { readBody } from './read-body.ts';
import { defaultRuntimeTypes, inboundJson } from './inbound-json.ts';
import type { Answer, InboundMessage, Runtime } from './runtime.ts';
import { signWebhook, webhookHeaders } from './webhook-signature.ts';

export interface WebhookOptions {
  /** http or https, without user and password. */
  readonly url: string;
  readonly secret: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly types?: readonly MessageType[];
  readonly maxOutputBytes?: number;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
}

const defaultMaxOutputBytes = 256 * 1024;
const maxDetailBytes = 2048;

/**
 * POSTs each message, signed with the shared secret; the response is the answer (docs/runtimes.md). Throws
 * INVALID_CONFIG.
 */
export function webhookRuntime(options: WebhookOptions): Runtime {
  const url = checkUrl(options.url);
  if (options.secret === '') throw new MeshError('INVALID_CONFIG', 'The webhook runtime needs a secret');
  const text = `The webhook did not answer within ${options.timeoutMs} ms`;
  return {
    kind: 'webhook',
    types: options.types ?? defaultRuntimeTypes,
    concurrency: options.concurrency,
    handle: async (inbound, { signal }) => {
      signal.throwIfAborted();
      try {
        return await inTime({ ...options, text }, signal, (both) => post(options, url, { inbound, signal: both }));
      } catch (error) {
        if (error instanceof MeshError && !signal.aborted) {
          options.logger.warn('runtime.webhook.failed', { messageId: inbound.message.id, code: error.code });
        }
        throw error;
      }
    },
  };
}

function checkUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new MeshError('INVALID_CONFIG', 'The URL of a webhook must be http or https, without user and password');
  }
  return url;
}

interface Call {
  readonly inbound: InboundMessage;
  readonly signal: AbortSignal;
}

async function post(options: WebhookOptions, url: URL, { inbound, signal }: Call): Promise<Answer | undefined> {
  const body = inboundJson(inbound);
  const timestamp = String(options.clock.now());
  const headers = {
    'content-type': 'application/json',
    [webhookHeaders.timestamp]: timestamp,
    [webhookHeaders.signature]: signWebhook({ secret: options.secret, timestamp, body }),
    [webhookHeaders.messageId]: inbound.message.id,
  };
  try {
    // Following a redirect would hand the message to whoever the receiver names.
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    return await readAnswer(response, { options, inbound, host: url.host });
  } catch (cause) {
    if (cause instanceof MeshError) throw cause;
    const reason = reasonOf(cause);
    throw new MeshError('HANDLER_FAILED', `The webhook at ${url.host} cannot be reached: ${reason}`, {
      cause,
      hint: 'Start the program that receives the webhook, or correct its url in mesh.toml.',
      data: { reason },
    });
  }
}

function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return 'no connection';
  return 'code' in cause ? String(cause.code) : cause.message;
}

interface Exchange {
  readonly options: WebhookOptions;
  readonly inbound: InboundMessage;
  readonly host: string;
}

async function readAnswer(response: Response, { options, inbound, host }: Exchange): Promise<Answer | undefined> {
  const { status } = response;
  if (status >= 300) {
    // A redirect says nothing that helps; its text is not read.
    const detail = status >= 400 ? new TextDecoder().decode((await readBody(response, maxDetailBytes)).bytes) : '';
    await response.body?.cancel();
    throw new MeshError('HANDLER_FAILED', `The webhook at ${host} answered with status ${status}`, {
      data: { status, detail },
    });
  }
  const maxBytes = options.maxOutputBytes ?? defaultMaxOutputBytes;
  const { bytes, isWhole } = await readBody(response, maxBytes);
  if (!isWhole) {
    throw new MeshError('HANDLER_FAILED', `The webhook at ${host} answered with more than ${maxBytes} bytes`, {
      data: { status },
    });
  }
  return status === 204 || inbound.message.type !== 'request' ? undefined : parseAnswer(bytes, options.limits);
}
