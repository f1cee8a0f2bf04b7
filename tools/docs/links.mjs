// Relative links of Markdown files: the file must exist, and the heading when one is named.
import { posix } from 'node:path';

const link = /\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;

/**
 * @param {{ path: string, text: string }[]} pages relative to the root, with `/`
 * @param {(path: string) => boolean} exists
 * @returns {{ file: string, line: number, message: string }[]}
 */
export function brokenLinks(pages, exists) {
  const headings = new Map(pages.map(({ path, text }) => [path, new Set(anchorsOf(text))]));
  return pages.flatMap(({ path, text }) =>
    proseLines(text).flatMap(({ line, content }) =>
      [...content.matchAll(link)].flatMap(([, target]) => {
        const message = problemOf(target, { from: path, exists, headings });
        return message === undefined ? [] : [{ file: path, line, message }];
      }),
    ),
  );
}

function problemOf(target, { from, exists, headings }) {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [file, anchor] = target.split('#');
  const path = file === '' ? from : posix.join(posix.dirname(from), decodeURIComponent(file));
  if (path.startsWith('..') || !exists(path)) return `link to ${target}: there is no ${path}`;
  if (anchor !== undefined && headings.has(path) && !headings.get(path).has(anchor)) {
    return `link to ${target}: ${path} has no heading of that name`;
  }
  return undefined;
}

/** Lines outside of code blocks, without code in backticks. */
function proseLines(text) {
  let fence;
  return text.split('\n').flatMap((content, index) => {
    const mark = /^\s*(```+|~~~+)/.exec(content)?.[1];
    if (mark !== undefined && (fence === undefined || content.trim() === fence)) {
      fence = fence === undefined ? mark : undefined;
      return [];
    }
    return fence === undefined ? [{ line: index + 1, content: content.replaceAll(/`[^`]*`/g, '') }] : [];
  });
}

/** Anchors as GitHub makes them: lower case, punctuation dropped, blanks to hyphens, repeated ones numbered. */
function anchorsOf(text) {
  const seen = new Map();
  return text.split('\n').flatMap((line) => {
    const title = /^#{1,6}\s+(.*)$/.exec(line)?.[1];
    if (title === undefined) return [];
    const slug = title
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return [times === 0 ? slug : `${slug}-${times}`];
  });
}
