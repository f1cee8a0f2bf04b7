import { MeshError } from '#kernel';
import type { Attachment, Json, JsonObject, Priority } from '#protocol';

/** A file beside the message: handed over before, or imagined for a dry run. */
export interface FileInput {
  readonly name: string;
  readonly mediaType: string;
  readonly upload?: string | undefined;
  readonly size?: number | undefined;
}

/** What `send` and `ask` have in common. */
export interface SendLike {
  readonly agent?: string | undefined;
  readonly to: string;
  readonly text: string;
  readonly subject?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly attachments?:
    | readonly { readonly name: string; readonly mediaType: string; readonly base64: string }[]
    | undefined;
  readonly files?: readonly FileInput[] | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly replyContext?: Json | undefined;
  readonly causedBy?: string | undefined;
  readonly root?: boolean | undefined;
  readonly turns?: number | undefined;
  readonly hops?: number | undefined;
  readonly tokens?: number | undefined;
  readonly costUsd?: number | undefined;
}

/** Inline attachments from their base64 form, then those beside the message; undefined when there are none. Throws INVALID_ARGUMENT on text that is not base64. */
export function attachmentsOf(
  { attachments = [] }: Pick<SendLike, 'attachments'>,
  beside: readonly Attachment[],
): readonly Attachment[] | undefined {
  if (attachments.length + beside.length === 0) return undefined;
  const inline = attachments.map(({ name, mediaType, base64 }) => {
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) {
      throw new MeshError('INVALID_ARGUMENT', `The attachment ${JSON.stringify(name)} is not base64`);
    }
    return { kind: 'inline' as const, name, mediaType, bytes: Uint8Array.from(bytes) };
  });
  return [...inline, ...beside];
}
