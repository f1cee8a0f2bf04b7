import { MeshError } from '#kernel';
import type { SealedFile } from '#delivery';
import { type Accepted, type Lane, type Outgoing, sendMessage, sendWithFiles } from '#pipeline';
import type { BlobAttachment } from '#protocol';
import type { AgentHost } from '../agent-host.ts';
import type { FileInput } from './send-input.ts';

/** Files that were handed over, and now go beside one message. */
export interface HandedOver {
  readonly attachments: readonly BlobAttachment[];
  /** Sends the message and these files beside it. Throws what `sendWithFiles` throws. */
  send(lane: Lane, outgoing: Outgoing): Promise<Accepted>;
}

const nothing: HandedOver = {
  attachments: [],
  send: (lane, { message, spending }) => sendMessage(lane, message, spending),
};

/** Takes the files for one message. What is not sent after all is not kept. */
export async function withFiles<T>(
  host: AgentHost,
  inputs: readonly FileInput[] | undefined,
  use: (files: HandedOver) => Promise<T>,
): Promise<T> {
  if (inputs === undefined || inputs.length === 0) return use(nothing);
  const sealed: SealedFile[] = [];
  const attachments: BlobAttachment[] = [];
  const unused = new Set<string>();
  try {
    for (const input of inputs) {
      const file = await host.files.uploads.take(uploadOf(input));
      sealed.push(file);
      unused.add(file.data);
      const { name, mediaType } = input;
      attachments.push({ kind: 'blob', name, mediaType, size: file.size, blob: file.blob, key: file.key });
    }
    return await use({
      attachments,
      async send(lane, outgoing) {
        const accepted = await sendWithFiles(lane, outgoing, sealed);
        unused.clear();
        for (const data of accepted.unused) unused.add(data);
        return accepted;
      },
    });
  } finally {
    await host.files.removeUnused([...unused]);
  }
}

function uploadOf({ name, upload }: FileInput): string {
  if (upload !== undefined) return upload;
  throw new MeshError(
    'INVALID_ARGUMENT',
    `The file ${JSON.stringify(name)} was not handed over: its upload is missing`,
  );
}

/** Attachments of the same sizes, for a dry run. */
export const imaginedFiles = (inputs: readonly FileInput[] | undefined): readonly BlobAttachment[] =>
  (inputs ?? []).map(({ name, mediaType, size = 0 }) => ({
    kind: 'blob',
    name,
    mediaType,
    size,
    blob: new Uint8Array(32),
    key: new Uint8Array(32),
  }));
