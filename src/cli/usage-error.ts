import { MeshError } from '#kernel';

/** What commander refuses as an error of the table: `message` without its prefix, the suggestion as the hint. */
export function usageError(text: string, verb: string): MeshError {
  const [first = '', ...rest] = text
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  const suggestion = /\(Did you mean (.+)\?\)/.exec(rest.join(' '))?.[1];
  const command = ['mesh', verb].filter((word) => word !== '').join(' ');
  const isVerb = /^unknown (command|sub-verb)/.test(first);
  const help = `See: ${command} --help`;
  const hint = suggestion === undefined ? help : didYouMean(suggestion, isVerb ? `${command} ` : '');
  return new MeshError('INVALID_ARGUMENT', sentence(first.replace(/^unknown command/, 'unknown verb')), { hint });
}

function didYouMean(suggestion: string, before: string): string {
  // Several come as `one of one, two`.
  const names = suggestion.replace(/^one of /, '').split(', ');
  return `Did you mean: ${names.map((name) => before + name).join(', or ')}?`;
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
