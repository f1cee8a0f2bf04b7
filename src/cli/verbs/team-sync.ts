import { MeshError } from '#kernel';
import { applySync, type Change, chooseSource, movedTokens, planSync, type SyncPlan, Tokens } from '#team';
import type { Call } from '../call.ts';
import { canAsk, confirm } from '../confirm.ts';
import type { Outcome } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { settingsOfTeam } from '../team/open-team.ts';
import { jsonText, visible } from '../terminal-text.ts';
import { count } from '../views/words.ts';

/** Fetches the registry, shows what changes, and writes it; what cannot be used changes nothing. */
export async function teamSync(call: Call): Promise<Outcome> {
  const { args, ports, screen, signal } = call;
  const { environment, clock } = ports;
  const settings = settingsOfTeam(call);
  const tokens = await Tokens.read(settings.tokensFile);
  const flags = { url: args.text('url'), file: args.text('file'), command: args.text('command') };
  const source = await chooseSource({ flags, environment, cwd: process.cwd(), sourceFile: settings.sourceFile });
  screen.progress('Fetching the registry …');
  const plan = await planSync({ settings, source, environment, clock, signal });
  screen.progress('');
  const moved = movedTokens(plan, tokens);
  if (args.flag('dryRun')) return unchanged(plan, { why: 'Nothing was written.', dryRun: true });
  if (plan.changes.length === 0 && plan.before !== undefined) return unchanged(plan, { why: 'Nothing to do.' });
  if (moved.length > 0 && !args.flag('yes') && !(await agreed(call, plan, moved))) {
    return { ...unchanged(plan, { why: 'Nothing was written.' }), lines: () => ['Nothing was written.'], exitCode: 1 };
  }
  const { kept } = await applySync(plan);
  return {
    data: { ...viewOf(plan), written: true, ...(kept === undefined ? {} : { kept }) },
    lines: (paint) => [...diffLines(plan, paint), '', `Written: ${visible(plan.path)}`],
    next: [
      kept === undefined ? undefined : `The one before is kept: ${visible(kept)}`,
      'Who is online: mesh team list',
    ],
  };
}

/** A person looks at the changes before tokens go to other addresses. Throws when there is nobody to ask. */
async function agreed(call: Call, plan: SyncPlan, moved: readonly Change[]): Promise<boolean> {
  const names = moved.map(({ name }) => visible(name)).join(', ');
  if (!canAsk(call)) {
    throw new MeshError('NOT_PERMITTED', `The tokens for ${names} would go to other addresses than before`, {
      hint: 'Look at them: run it with --dry-run. If they are right, run it with --yes',
      data: { changes: plan.changes },
    });
  }
  call.screen.lines(diffLines(plan, call.screen.paint()));
  return await confirm(call.ports, `Messages and tokens for ${names} will go to these addresses. Write it?`);
}

interface Unchanged {
  readonly why: string;
  readonly dryRun?: boolean;
}

const unchanged = (plan: SyncPlan, { why, dryRun }: Unchanged): Outcome => ({
  data: { ...viewOf(plan), written: false, ...(dryRun === undefined ? {} : { dryRun }) },
  lines: (paint) => [...diffLines(plan, paint), '', why],
});

const viewOf = ({ path, source, total, changes, unchanged: same }: SyncPlan) => ({
  registry: path,
  source,
  teammates: total,
  changes,
  unchanged: same,
});

function diffLines({ changes, unchanged: same, source }: SyncPlan, paint: Paint): readonly string[] {
  return [
    ...changes.flatMap((change) => changeLines(change, paint)),
    `${count(same, 'entry', 'entries')} as before. From ${visible(source)}`,
  ];
}

const signs = { added: ['+', 'green'], removed: ['-', 'red'], changed: ['~', 'yellow'] } as const;

function changeLines({ kind, name, emailPrefix, fields }: Change, paint: Paint): readonly string[] {
  const [sign, colour] = signs[kind];
  const title = `${sign} ${visible(name)} (${visible(emailPrefix)})`;
  const shown = fields.filter(({ field }) => kind === 'changed' || !['name', 'emailPrefix'].includes(field));
  const word = (value: unknown): string => (value === undefined ? 'nothing' : visible(jsonText(value)));
  return [
    paint.colour(colour, title),
    ...shown.map(({ field, before, after }) => {
      const value = kind === 'changed' ? `${word(before)} → ${word(after)}` : word(after ?? before);
      return `    ${visible(field)}: ${value}`;
    }),
  ];
}
