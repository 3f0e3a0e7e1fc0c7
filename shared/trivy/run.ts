import { Unavailable } from '../outcome/outcome.ts';
import { type ProcessResult, runProcess } from '../process/run.ts';

interface TrivyOptions {
  /** Where it runs. */
  readonly folder: string;
  readonly deadline: AbortSignal;
  /** Beside the few variables that it always gets. */
  readonly env?: Readonly<Record<string, string>>;
}

// With Go's own settings a fifth of a conversion's time, and a third of a start, is garbage collection. Below the limit (a soft one) there is none;
// at it Go collects as hard as it needs to, which for 50,000 findings takes no longer.
const COLLECT = { GOGC: 'off', GOMEMLIMIT: '512MiB' };

/**
 * Runs Trivy to its end in `folder`. It gets an environment of its own, because it reads TRIVY_* variables, and files such as trivy.yaml,
 * .trivyignore and trivy-secret.yaml from where it stands: `folder` holds nothing but what this suite put there.
 * Any end but exit code 0 is `Unavailable`: a verdict is never read from Trivy's exit code.
 */
export async function runTrivy(
  trivy: string,
  args: readonly string[],
  { folder, deadline, env: added }: TrivyOptions,
): Promise<ProcessResult> {
  const env = { HOME: folder, TMPDIR: folder, PATH: '/usr/bin:/bin', ...COLLECT, ...added };
  const result = await runProcess(trivy, args, { env, cwd: folder, deadline });
  if (result.code === 0) return result;
  const how = result.signal === null ? `ended with code ${result.code}` : `was killed by ${result.signal}`;
  const lines = result.stderr.trim().split(/\r?\n/);
  const said = lines.findLast((line) => /\b(?:FATAL|ERROR)\b/.test(line)) ?? lines.at(-1) ?? '';
  throw new Unavailable(`Trivy ${how}${said && `: ${said.replaceAll('\t', ' ').slice(0, 1000)}`}`, {
    hint: /no space left on device/i.test(result.stderr)
      ? 'The disk is full. Nothing was judged; free some space and run it again.'
      : 'Nothing was judged.',
  });
}
