/** A line of a file in the workspace, from 1 on. */
export interface FileLine {
  readonly file: string;
  readonly line: number;
}

/** Where progress goes. Text is data: the step escapes it for workflow commands and terminals. */
export interface Log {
  info(message: string): void;
  notice(message: string): void;
  /** Shown beside the line `at`, where there is one. */
  warning(message: string, at?: FileLine): void;
  /** Hides a value in everything printed from now on. */
  mask(secret: string): void;
  /** Folds what `work` prints under one title. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>;
}

/**
 * The run an action stands in, read once from the runner's environment by `step/`
 * (docs.github.com, "Variables reference"). Fields that a run may lack are undefined; who needs one says which is missing.
 */
export interface RunContext {
  readonly action: string;
  /** GITHUB_WORKSPACE, absolute; the current folder without a runner. Every path input is kept inside it. */
  readonly workspace: string;
  /** RUNNER_TEMP, or the system's folder for temporary files. */
  readonly temp: string;
  /** RUNNER_TOOL_CACHE */
  readonly toolCache: string | undefined;
  /** HOME, for Docker's config file. */
  readonly home: string | undefined;
  /** DOCKER_CONFIG: folder of Docker's config file. */
  readonly dockerConfig: string | undefined;
  /** PATH, for finding tools. */
  readonly path: string;
  readonly serverUrl: string;
  readonly apiUrl: string;
  readonly eventName: string | undefined;
  /** The parsed event payload (GITHUB_EVENT_PATH): foreign JSON, read it through a schema. */
  readonly event: unknown;
  readonly sha: string | undefined;
  readonly ref: string | undefined;
  readonly repository: string | undefined;
  readonly repositoryId: string | undefined;
  readonly repositoryOwnerId: string | undefined;
  readonly workflowRef: string | undefined;
  readonly workflowSha: string | undefined;
  readonly runId: string | undefined;
  readonly runAttempt: string | undefined;
  readonly actor: string | undefined;
  readonly runnerEnvironment: string | undefined;
  /** When the step must have ended at the latest; every network wait ends before. */
  readonly deadline: AbortSignal;
  readonly log: Log;
  /** A GitHub OIDC token for `audience`. `Invalid` with the lines to add when the job lacks `id-token: write`. */
  getIdToken(audience: string): Promise<string>;
  /** The value of an environment variable that an input names (such as `key`), or that a tool of the step is found by (such as DOCKER_HOST); or undefined. */
  readNamedVariable(name: string): string | undefined;
}
