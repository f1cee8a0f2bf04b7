const exits = { 1: 'failed', 2: 'usage', 3: 'refused by policy', 4: 'not reachable or timed out' };

/** docs/errors.md, made of the error table. */
export function errorsPage(errorTable) {
  const rows = Object.entries(errorTable).map(
    ([code, { meaning, status, exit, retryable, hint }]) =>
      `| \`${code}\` | ${cell(meaning)} | ${status} | ${exit} | ${retryable ? 'yes' : 'no'} | ${cell(hint)} |`,
  );
  return [
    '# Errors',
    '',
    'Every error of Agent Mesh has one of these codes. Programs compare the code, never the text. On the command line an error is written to',
    'stderr as `error[CODE]: what happened` and `hint: what to do`; with `--json` and over the local API it is',
    '`{ "error": { "code", "message", "hint", "data" } }`. "Retry" says whether the same call may succeed later without any change.',
    '',
    `Exit codes: 0 done, ${Object.entries(exits)
      .map(([exit, meaning]) => `${exit} ${meaning}`)
      .join(', ')}.`,
    '',
    'This page is made from `src/kernel/error-table.ts` by `npm run docs`.',
    '',
    '| Code | Meaning | HTTP status | Exit code | Retry | What to do |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
