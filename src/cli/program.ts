import { Command, CommanderError, Option } from 'commander';
import type { Verb } from './call.ts';
import type { Output } from './ports.ts';
import type { GlobalFlags } from './settings.ts';
import { allVerbs } from './table/all-verbs.ts';
import type { OptionSpec, VerbBody, VerbSpec } from './table/verb-spec.ts';

/** A verb that was asked for, with what commander parsed. */
export interface ParsedCall {
  readonly load: () => Promise<Verb>;
  readonly positionals: readonly unknown[];
  readonly flags: Readonly<Record<string, unknown>>;
  readonly globals: GlobalFlags;
}

/** The command line was refused: commander's text, and the verb that it was about. */
export interface Refusal {
  readonly text: string;
  readonly verb: string;
}

/** What parsing came to: a verb to run, text that was already printed (help), a version to print, or a refusal. */
export type Parsed =
  | { readonly kind: 'call'; readonly call: ParsedCall }
  | { readonly kind: 'printed' }
  | { readonly kind: 'version' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

const globalOptions: readonly OptionSpec[] = [
  { flags: '--json', about: 'print one JSON document and nothing else' },
  { flags: '--state-dir <dir>', about: 'state folder (default ~/.openclaw/agent-mesh)' },
  { flags: '--agent <name>', about: 'which of the agents of this node' },
  { flags: '--passphrase-file <file>', about: 'file with the passphrase of the keys' },
  { flags: '--no-color', about: 'no colours' },
];

const firstSteps = `
Examples:
  mesh init --name alice          create your agent
  mesh up --detach                start its node
  mesh invite                     give the string to the other person, who runs
  mesh join mesh:…                to become your peer
  mesh send bob "hello"           sent now, or as soon as bob is reachable
  mesh ask bob "are you there?"   waits for the answer

mesh VERB --help shows what a verb takes.`;

/** Parses the words after `mesh`. Help goes to `stdout` at once; nothing else is printed. */
export async function parseCommandLine(words: readonly string[], stdout: Output): Promise<Parsed> {
  let parsed: Parsed = { kind: 'printed' };
  let refused: Command | undefined;
  let errorText = '';
  const keep = (call: ParsedCall): void => {
    parsed = { kind: 'call', call };
  };
  const program = createProgram(keep);
  for (const command of commandsOf(program)) {
    command.exitOverride();
    command.configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: () => {},
      outputError: (text) => {
        errorText = text;
        refused = command;
      },
      getOutHelpWidth: () => Math.max(60, Math.min(100, stdout.columns)),
      getOutHasColors: () => stdout.isTerminal,
    });
  }
  try {
    await program.parseAsync(words.length === 0 ? ['--help'] : [...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.version') return { kind: 'version' };
    if (error.exitCode === 0) return { kind: 'printed' };
    return { kind: 'refused', refusal: refusalOf(refused ?? program, error.code, errorText) };
  }
  return parsed;
}

function refusalOf(command: Command, code: string, text: string): Refusal {
  const { parent } = command;
  // The sub-verb that stands for its verb takes no words, so a word is a mistyped sub-verb.
  if (code === 'commander.excessArguments' && parent !== null && standsForVerb(command, parent)) {
    const names = parent.commands.map((one) => one.name()).join(', ');
    return {
      text: `unknown sub-verb '${command.args[0] ?? ''}'\n(Did you mean one of ${names}?)`,
      verb: pathOf(parent),
    };
  }
  return { text, verb: pathOf(command) };
}

const standsForVerb = (command: Command, parent: Command): boolean =>
  allVerbs
    .find(({ name }) => name === parent.name())
    ?.subverbs?.some(({ name, isDefault }) => isDefault === true && name === command.name()) === true;

function createProgram(keep: (call: ParsedCall) => void): Command {
  const program = new Command('mesh');
  program
    .description('End-to-end encrypted, durable messaging between AI agents.')
    .usage('VERB [options]')
    .helpCommand(false)
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: termOf, optionDescription: ({ description }) => description })
    .showSuggestionAfterError(true)
    .addHelpText('after', firstSteps);
  program.option('-V, --version', 'show the version').on('option:version', () => {
    throw new CommanderError(0, 'commander.version', '');
  });
  addGlobals(program);
  for (const verb of allVerbs) addVerb(program, verb, keep);
  return program;
}

function addVerb(program: Command, verb: VerbSpec, keep: (call: ParsedCall) => void): void {
  const command = program.command(verb.name).helpGroup(`${verb.group}:`);
  describe(command, verb, keep);
  if (verb.subverbs === undefined) return;
  command.usage('[sub-verb] [options]').enablePositionalOptions().helpCommand(false);
  for (const subverb of verb.subverbs) {
    const options = subverb.isDefault === true ? { isDefault: true } : {};
    describe(command.command(subverb.name, options), subverb, keep);
  }
}

function describe(command: Command, body: VerbBody, keep: (call: ParsedCall) => void): void {
  command.summary(body.summary).description(`${body.summary}.`);
  for (const [form, about] of body.args ?? []) command.argument(form, about);
  for (const option of body.options ?? []) command.addOption(createOption(option));
  addGlobals(command);
  if (body.examples !== undefined)
    command.addHelpText('after', `\nExamples:\n${body.examples.map((line) => `  ${line}`).join('\n')}`);
  const { load } = body;
  if (load === undefined) return;
  command.action((...given: unknown[]) => {
    keep({ load, positionals: given.slice(0, -2), flags: command.opts(), globals: globalsOf(command) });
  });
}

function createOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.about);
  if (spec.choices !== undefined) option.choices(spec.choices);
  if (spec.repeat === true)
    option.argParser<readonly string[] | undefined>((value, before) => [...(before ?? []), value]);
  return spec.hidden === true ? option.hideHelp() : option;
}

const everywhere = 'With every verb:';

function addGlobals(command: Command): void {
  for (const spec of globalOptions) command.addOption(createOption(spec).helpGroup(everywhere));
  command.addHelpOption(new Option('-h, --help', 'show help').helpGroup(everywhere));
}

/** `send <to> [text]`: the table of verbs says nothing of their options. */
function termOf(command: Command): string {
  const shapes = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? '...' : '');
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...shapes].join(' ');
}

/** The global flags, which may stand before or after the verb; the innermost counts. */
function globalsOf(innermost: Command): GlobalFlags {
  const globals: Record<string, unknown> = {};
  for (let command: Command | null = innermost; command !== null; command = command.parent) {
    for (const { flags } of globalOptions) {
      const name = new Option(flags).attributeName();
      if (command.getOptionValueSource(name) === 'cli') globals[name] ??= command.getOptionValue(name);
    }
  }
  return globals;
}

function* commandsOf(command: Command): Generator<Command> {
  yield command;
  for (const child of command.commands) yield* commandsOf(child);
}

/** `audit export`, without `mesh`. */
function pathOf(command: Command): string {
  return command.parent === null ? '' : `${pathOf(command.parent)} ${command.name()}`.trim();
}
