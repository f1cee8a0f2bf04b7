/** What an OpenClaw gateway says over its WebSocket (protocol 4): JSON, one frame a text message. */
export type GatewayFrame =
  | { readonly type: 'event'; readonly event: string; readonly payload: Fields }
  | { readonly type: 'res'; readonly id: string; readonly ok: true; readonly payload: Fields }
  | { readonly type: 'res'; readonly id: string; readonly ok: false; readonly error: GatewayFault };

/** Why a gateway refused a request. */
export interface GatewayFault {
  readonly code: string;
  readonly message: string;
  /** `details.code`: says more than `code`. */
  readonly detail?: string;
  /** `details.requestId`: what its owner approves. */
  readonly requestId?: string;
}

/** A JSON object of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);

/** Undefined for what is no frame, or of a kind that is not known here. */
export function parseGatewayFrame(text: string): GatewayFrame | undefined {
  const { type, id, ok, event, payload, error } = fieldsOf(parseJson(text));
  if (type === 'event' && typeof event === 'string') return { type, event, payload: fieldsOf(payload) };
  if (type !== 'res' || typeof id !== 'string') return undefined;
  return ok === true
    ? { type, id, ok, payload: fieldsOf(payload) }
    : { type, id, ok: false, error: faultIn(fieldsOf(error)) };
}

function faultIn({ code, message, details }: Fields): GatewayFault {
  const { code: why, requestId: asked } = fieldsOf(details);
  const [detail, requestId] = [textOf(why), textOf(asked)];
  return {
    code: textOf(code) ?? 'UNKNOWN',
    message: textOf(message) ?? 'The gateway gave no reason',
    ...(detail === undefined ? {} : { detail }),
    // It is shown as a part of a command.
    ...(requestId === undefined || !/^[\w-]{1,64}$/.test(requestId) ? {} : { requestId }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
