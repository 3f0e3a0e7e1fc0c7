import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startGithub } from '../../test/servers/github.ts';
import { startRegistry } from '../../test/servers/registry.ts';
import { runAction } from '../action.ts';
import { type Figure, formatTime, median } from './figure.ts';

const FILES = 5000;
const IMAGES = 200;
const ROUNDS = 3;
const GOAL = 5000;

/** pin over many files as a large repository has them, from its start to its end: what floats is found, then pinned, then nothing is left to do. */
export async function measure(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hallmark-pin-'));
  const registry = await startRegistry();
  const github = await startGithub({
    repositories: [{ name: 'octo/setup', id: 1, defaultBranch: 'main', files: {} }],
  });
  try {
    const commit = github.commit('octo/setup', { 'action.yml': 'name: setup' });
    github.writing.tags.set('octo/setup:v4.2.2', { commit });
    github.writing.tags.set('octo/setup:v4', { commit });
    for (let at = 0; at < IMAGES; at += 1)
      await push(`http://${registry.host}/v2/octo/image-${at}/manifests/1.0`, at);
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      GITHUB_WORKSPACE: folder,
      GITHUB_API_URL: github.url,
    };
    const times: Record<string, number[]> = { check: [], write: [], again: [] };
    let requests = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      writeFiles(folder, registry.host);
      const before = registry.requests.length + github.requests.length;
      for (const [name, write, outcome] of [
        ['check', 'false', 'refused'],
        ['write', 'files', 'passed'],
        ['again', 'false', 'passed'],
      ] as const) {
        const start = performance.now();
        const { outputs, log } = await runAction(
          'pin',
          { write, 'github-token': github.token },
          { env, cwd: folder },
        );
        times[name]?.push(performance.now() - start);
        if (outputs.outcome !== outcome)
          throw new Error(`pin ended "${outputs.outcome}":\n${log.slice(-2000)}`);
      }
      requests = registry.requests.length + github.requests.length - before;
    }
    const names: Record<string, string> = {
      check: 'find what floats',
      write: 'pin it, every file',
      again: 'find that nothing floats',
    };
    return Object.entries(names).map(([name, what]) => {
      const ours = median(times[name] ?? []);
      return {
        what: `pin ${FILES} files: ${what}`,
        peer: `goal ${formatTime(GOAL)}`,
        ours: `${formatTime(ours)}${name === 'write' ? `, ${requests} requests for ${IMAGES} images` : ''}`,
        ratio: `${(ours / GOAL).toFixed(2)}×`,
        goal: `< ${formatTime(GOAL)}`,
        met: ours < GOAL,
      };
    });
  } finally {
    await Promise.all([registry.close(), github.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function push(url: string, content: number): Promise<void> {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    manifests: [],
    annotations: { content: String(content) },
  });
  const answer = await fetch(url, { method: 'PUT', headers: { 'content-type': mediaType }, body });
  if (answer.status !== 201) throw new Error(`${url} answered ${answer.status}`);
}

/** Half of them manifests, a fifth Dockerfiles, the rest Helm values, Terraform, Compose, kustomizations and workflows; each names one image or more. */
function writeFiles(folder: string, host: string): void {
  const pod = (image: string): string => `containers:
        - name: app
          image: ${image} # what runs
          ports: [{ containerPort: 8080 }]
          resources:
            requests: { cpu: 100m, memory: 128Mi }
            limits: { cpu: "1", memory: 256Mi }
          readinessProbe: { httpGet: { path: /health, port: 8080 } }
`;
  const deployment = (image: string): [string, string] => [
    'app.yaml',
    `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  labels: { app: app, tier: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app } }
    spec:
      ${pod(image)}---
apiVersion: v1
kind: Service
metadata: { name: app }
spec: { ports: [{ port: 80, targetPort: 8080 }], selector: { app: app } }
`,
  ];
  const dockerfile = (image: string): [string, string] => [
    'Dockerfile',
    `FROM ${image} AS build\nWORKDIR /src\nCOPY . .\nRUN make \\\n  && make test\nFROM ${image}\nCOPY --from=build /src/out /app\nUSER 1000\nENTRYPOINT ["/app"]\n`,
  ];
  const others = [
    (image: string) => ['compose.yaml', `services:\n  app:\n    image: ${image}\n    restart: always\n`],
    (image: string) => [
      'values.yaml',
      `replicas: 2\nimage:\n  repository: ${image.replace(/:1\.0$/, '')}\n  tag: "1.0"\n`,
    ],
    (image: string) => [
      'main.tf',
      `resource "kubernetes_pod" "a" {\n  spec {\n    container {\n      image = "${image}"\n    }\n  }\n}\n`,
    ],
    (image: string) => [
      'kustomization.yaml',
      `images:\n- name: ${image.replace(/:1\.0$/, '')}\n  newTag: "1.0"\n`,
    ],
    (image: string) => [
      'action.yml',
      `runs:\n  using: composite\n  steps:\n    - uses: octo/setup@v4\n    - uses: docker://${image}\n`,
    ],
  ] as ((image: string) => [string, string])[];
  const shapes = [
    deployment,
    dockerfile,
    deployment,
    ...others.slice(0, 2),
    deployment,
    dockerfile,
    deployment,
    ...others.slice(2),
    deployment,
    deployment,
  ];
  for (let at = 0; at < FILES; at += 1) {
    const [name, text] = (shapes[at % shapes.length] ?? deployment)(`${host}/octo/image-${at % IMAGES}:1.0`);
    const file = join(folder, `team-${at % 50}`, `app-${at}`, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
