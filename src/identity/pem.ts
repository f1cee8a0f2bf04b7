import { base64 } from '@scure/base';
import { MeshError } from '#kernel';

export interface PemBlock {
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** RFC 7468 text of the blocks, one after the other. */
export function encodePem(blocks: readonly PemBlock[]): string {
  return blocks
    .map(({ label, bytes }) => {
      const lines = base64.encode(bytes).match(/.{1,64}/g) ?? [];
      return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
    })
    .join('');
}

const block = /-----BEGIN ([A-Z0-9 ]{1,64})-----\n([A-Za-z0-9+/=\n]*)\n-----END \1-----(?:\n|$)/y;

/** Blocks and blank lines, nothing else. Throws KEY_FILE_UNREADABLE, without any of the text. */
export function decodePem(text: string): readonly PemBlock[] {
  const plain = text
    .replaceAll('\r\n', '\n')
    .replace(/^\n+/, '')
    .replaceAll(/\n{2,}/g, '\n');
  const blocks: PemBlock[] = [];
  const reader = new RegExp(block);
  while (reader.lastIndex < plain.length) {
    const match = reader.exec(plain);
    if (match === null) throw unreadable();
    blocks.push({ label: match[1] ?? '', bytes: decodeBody(match[2] ?? '') });
  }
  if (blocks.length === 0) throw unreadable();
  return blocks;
}

function decodeBody(body: string): Uint8Array {
  try {
    return base64.decode(body.replaceAll('\n', ''));
  } catch {
    throw unreadable();
  }
}

const unreadable = (): MeshError => new MeshError('KEY_FILE_UNREADABLE', 'The key file is not a text of PEM blocks');
