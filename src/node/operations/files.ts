import type { Operations } from '#api';
import { MeshError } from '#kernel';
import type { FileOwner, FileRow } from '#delivery';
import { type BlobAttachment, decodeMessage } from '#protocol';
import type { AgentHost } from '../agent-host.ts';
import { hostNamed, type NodeParts } from '../parts.ts';
import { inboxRow } from './find.ts';
import { contactOf } from './messages.ts';
import { fileView } from './file-views.ts';
import { defined } from './defined.ts';

type FileOperations = Pick<Operations, 'files' | 'upload' | 'uploadPart' | 'dropUpload' | 'filePart' | 'removeFile'>;

const defaultPage = 50;

/** Files beside messages: handed over, on their way, and here. */
export function fileOperations(parts: NodeParts): FileOperations {
  const uploadsOf = (agent: string | undefined) => hostNamed(parts, agent).files.uploads;
  return {
    async files(input) {
      const host = hostNamed(parts, input.agent);
      const { files } = parts.store.read;
      const { maxFileBytes: max, maxFileBytesPerPeer: maxPerPeer } = parts.limits;
      const rows = files.list({
        agent: host.agent.name,
        limit: input.limit ?? defaultPage,
        ...defined({
          peer: input.peer === undefined ? undefined : contactOf(host, input.peer).agentId,
          states: input.open === true ? (['open'] as const) : undefined,
        }),
      });
      return {
        files: rows.map((row) => fileView(host, row)),
        kept: { in: files.usage('in'), out: files.usage('out'), max, maxPerPeer },
      };
    },

    async upload(input) {
      return { upload: await uploadsOf(input.agent).begin(), partBytes: parts.limits.maxUploadPartBytes };
    },

    async uploadPart(input) {
      return { size: await uploadsOf(input.agent).write(input.upload, input) };
    },

    async dropUpload(input) {
      await uploadsOf(input.agent).drop(input.upload);
      return { dropped: input.upload };
    },

    async filePart(input) {
      const host = hostNamed(parts, input.agent);
      const { row, attachment } = fileOf(host, input);
      await using file = await host.files.openFile(row, attachment);
      return await file.chunk(input.part);
    },

    async removeFile(input) {
      const host = hostNamed(parts, input.agent);
      const { row } = fileOf(host, input);
      await host.files.removeFile(row);
      return fileView(host, parts.store.read.files.file(row.no) ?? row);
    },
  };
}

interface Which {
  readonly id: string;
  readonly index: number;
}

/** Throws NOT_FOUND, also for an attachment that is no file beside its message. */
function fileOf(host: AgentHost, { id, index }: Which): { readonly row: FileRow; readonly attachment: BlobAttachment } {
  const message = inboxRow(host, id);
  const owner: FileOwner = { agent: host.agent.name, peer: message.sender, direction: 'in' };
  const rows = host.desk.ports.store.read.files.ofMessage(owner, message.id);
  const row = rows.find(({ place }) => place === index);
  const attachment = decodeMessage(message.body).payload.attachments?.[index];
  if (row !== undefined && attachment?.kind === 'blob') return { row, attachment };
  throw new MeshError('NOT_FOUND', `The message has no file ${index} beside it`, {
    hint: 'See what it has with: mesh read ID',
  });
}
