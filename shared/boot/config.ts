import * as z from 'zod';
import type { ExecCheck } from './check.ts';

/** OCI image-spec 1.1, config.md, with Docker's HEALTHCHECK, as far as a boot needs it. Times are nanoseconds. */
export const bootConfigSchema = z.object({
  config: z
    .object({
      User: z.string().nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      Shell: z.array(z.string()).nullish(),
      Volumes: z.record(z.string(), z.unknown()).nullish(),
      Healthcheck: z
        .object({
          Test: z.array(z.string()).nullish(),
          Interval: z.number().nullish(),
          Timeout: z.number().nullish(),
          StartPeriod: z.number().nullish(),
          Retries: z.number().nullish(),
        })
        .nullish(),
    })
    .nullish(),
});
export type BootConfig = z.infer<typeof bootConfigSchema>;

/** The highest number of a user that engines take (moby/sys/user). */
const MAX_ID = 2 ** 31 - 1;
/** In nanoseconds. */
const SECOND = 1e9;
/** In seconds; timers take little more than 24 days. */
const LONGEST_TRY = 86_400;

/**
 * Why an image with this `User` may not be booted. As with Kubernetes' runAsNonRoot a name counts as nothing: which number it has is said by a
 * file in the image, and that may be 0.
 */
export function explainUser(config: BootConfig): string | undefined {
  const user = config.config?.User ?? '';
  const [id = ''] = user.split(':');
  if (id === '' || /^0+$/.test(id) || id === 'root')
    return 'the image runs as root: set USER to a number that is not 0';
  if (/^\d+$/.test(id) && Number(id) > MAX_ID) return `the image runs as ${id}, which no user has`;
  if (!/^\d+$/.test(id)) {
    return `the image runs as "${id}", and a name does not tell whether that is root: set USER to a number that is not 0`;
  }
  return undefined;
}

/** Why an image without a command can be started by nobody who does not bring one, or undefined when it has one. */
export function explainCommand({ config }: BootConfig): string | undefined {
  const command = [...(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])];
  return command.length === 0 ? 'the image has no command: set ENTRYPOINT or CMD' : undefined;
}

/**
 * The image's HEALTHCHECK as a command that must end with 0, or undefined when it has none. Docker calls a container unhealthy after so many
 * failures past the start period, an interval apart: by then it has to hold. What is 0 is Docker's own (Dockerfile reference, HEALTHCHECK).
 */
export function readHealthcheck(config: BootConfig): ExecCheck | undefined {
  const { Healthcheck, Shell } = config.config ?? {};
  const [kind, ...command] = Healthcheck?.Test ?? [];
  const shell = Shell && Shell.length > 0 ? Shell : ['/bin/sh', '-c'];
  const take = (value: number | null | undefined, otherwise: number): number =>
    value && value > 0 ? value : otherwise;
  const { Interval, Timeout, StartPeriod, Retries } = Healthcheck ?? {};
  const within = (take(StartPeriod, 0) + take(Retries, 3) * take(Interval, 30 * SECOND)) / SECOND;
  const tryFor = Math.min(Math.ceil(take(Timeout, 30 * SECOND) / SECOND), LONGEST_TRY);
  const wanted = { kind: 'exec', line: 'HEALTHCHECK', status: 0, texts: [], within, tryFor } as const;
  if (kind === 'CMD-SHELL' && command[0]) return { ...wanted, command: [...shell, command[0]] };
  return kind === 'CMD' && command.length > 0 ? { ...wanted, command } : undefined;
}

/** What was written outside of the declared volumes, of the paths that differ from the image: of a folder and a file in it, the file. */
export function findStrayWrites(changed: readonly string[], config: BootConfig): string[] {
  const volumes = Object.keys(config.config?.Volumes ?? {}).map((path) => path.replace(/\/+$/, ''));
  return changed
    .filter((path) => !changed.some((other) => isBelow(other, path)))
    .filter(
      (path) => !volumes.some((volume) => path === volume || isBelow(path, volume) || isBelow(volume, path)),
    )
    .sort();
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder === '/' ? '/' : `${folder}/`) && path !== folder;
}
