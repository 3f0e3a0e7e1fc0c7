import type { RunContext } from '../github/context.ts';
import { Invalid } from '../outcome/outcome.ts';

const looksSecret = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|(?:^|_)KEY$/i;
// Variables that buildx or its loader would obey themselves; arguments of these names are settings, not secrets.
const obeyed =
  /^(?:PATH|HOME|TMPDIR|SOURCE_DATE_EPOCH|SSL_.*|SSH_.*|LD_.*|DYLD_.*|GO[A-Z]*|XDG_.*|DOCKER_.*|BUILDX_.*|BUILDKIT_.*|EXPERIMENTAL_.*|ACTIONS_.*|AWS_.*|.*_PROXY)$/i;

/** What buildx is given in its environment, and the values among it that nothing may show. */
export interface Given {
  readonly variables: Map<string, string>;
  readonly hidden: string[];
}

/** A build argument by name alone, its value in the environment of buildx, so that it stands in no list of processes. */
export function passArgument(
  name: string,
  value: string,
  { variables, hidden }: Given,
  context: RunContext,
): string {
  if (looksSecret.test(name)) {
    if (value !== '') hidden.push(value);
    context.log.warning(
      `build-args: "${name}" looks like a secret; build arguments stay readable in the image's history. Give it through "secrets" and RUN --mount=type=secret.`,
    );
  }
  if (obeyed.test(name)) return `${name}=${value}`;
  variables.set(name, value);
  return name;
}

/** A secret for `--secret`, with its value in an environment variable or a file, never in an argument. */
export function passSecret(line: string, { variables, hidden }: Given, context: RunContext): string {
  const isBuildx = /^(?:type=\w+,)?id=[^,]+(?:,|$)/.test(line);
  if (!isBuildx) {
    const equals = line.indexOf('=');
    if (equals <= 0)
      throw new Invalid(
        'secrets',
        'takes id=NAME,env=VARIABLE or id=NAME,src=FILE or NAME=value, one a line',
      );
    const variable = `HALLMARK_SECRET_${variables.size}`;
    const value = line.slice(equals + 1);
    context.log.mask(value);
    if (value !== '') hidden.push(value);
    variables.set(variable, value);
    return `id=${line.slice(0, equals)},env=${variable}`;
  }
  const fields = Object.fromEntries(line.split(',').map((field) => field.split('=', 2)));
  if (fields.src !== undefined || fields.source !== undefined) return line;
  const variable = fields.env ?? fields.id;
  const value = context.readNamedVariable(variable);
  if (value === undefined) {
    throw new Invalid('secrets', `"${line}" reads the environment variable ${variable}, which is not set`);
  }
  if (value !== '') hidden.push(value);
  variables.set(variable, value);
  return line;
}
