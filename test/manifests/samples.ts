import { parseDigest } from '../../shared/image/digest.ts';

/*
 * Manifests shaped like those people keep: every shape in every way of writing it. Where a shape says ⟦old→new⟧, the file before has `old` and the
 * file after has `new`; all other bytes have to stay.
 */

/** The repository and the digest that the samples are updated to. */
export const REPOSITORY = 'ghcr.io/octo/app';
export const DIGEST = parseDigest(`sha256:${'0123456789abcdef'.repeat(4)}`, 'digest');
const OTHER = `sha256:${'fedcba9876543210'.repeat(4)}`;
const NEW = `${REPOSITORY}@${DIGEST}`;

/** A file before and after. */
export interface Sample {
  readonly title: string;
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

interface Shape {
  readonly title: string;
  readonly file: string;
  readonly text: string;
}

/** How an image of ours can be written before: a value and what it becomes. */
const VALUES: readonly (readonly [string, string])[] = [
  ['by tag', `⟦${REPOSITORY}:v1.2.3→${NEW}⟧`],
  ['by tag in double quotes', `"⟦${REPOSITORY}:sha-0a1b2c3→${NEW}⟧"`],
  ['by tag in single quotes', `'⟦${REPOSITORY}:1→${NEW}⟧'`],
  ['without tag', `⟦${REPOSITORY}→${NEW}⟧`],
  ['by another digest', `⟦${REPOSITORY}@${OTHER}→${NEW}⟧`],
  ['by tag and another digest', `⟦${REPOSITORY}:v1@${OTHER}→${NEW}⟧`],
  ['as it has to be', NEW],
];

const keepBare = (value: string): string => (value === `⟦${REPOSITORY}→${NEW}⟧` ? REPOSITORY : value);

const shapes = (value: string): Shape[] => [
  {
    title: 'deployment with comments and a second document',
    file: 'deploy/app.yaml',
    text: `# keep: ${REPOSITORY}:v1.2.3 in a comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name:   app      # odd   spacing
  annotations: { note: "image: ${REPOSITORY}:v1.2.3" }
spec:
  replicas: 3
  template:
    spec:
      initContainers:
        - name: migrate
          image: ${value} # migrates
          command: ["sh", "-c", "echo ${REPOSITORY}:v1.2.3"]
      containers:
      -   image:   ${value}
          name: app
          env:
          - { name: IMAGE, value: "${REPOSITORY}:v1.2.3" }
      - name: proxy
        image: docker.io/library/nginx:1.27
      - name: other
        image: ghcr.io/octo/application:v1.2.3
---
apiVersion: v1
kind: ConfigMap
metadata: { name: app }
data:
  compose.yaml: |
    services:
      app:
        image: ${REPOSITORY}:v1.2.3
...
`,
  },
  {
    title: 'cron job in a list',
    file: 'jobs/list.yml',
    text: `apiVersion: v1
kind: List
items:
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: nightly}
  spec:
    schedule: "0 3 * * *"
    jobTemplate:
      spec:
        template:
          spec:
            restartPolicy: Never
            containers: [{name: job, image: ${value}, args: [--fast]}]
            volumes:
            - name: model
              image: {reference: ${value}, pullPolicy: IfNotPresent}
`,
  },
  {
    title: 'custom resource with a pod template, anchor and alias',
    file: 'rollout.yaml',
    text: `apiVersion: argoproj.io/v1alpha1
kind: Rollout
spec:
  template:
    spec:
      containers:
        - name: app
          image: &app ${value}   # the anchor
        - name: again
          image: *app
        - name: templated
          image: "{{ .Values.image }}"
        - name: substituted
          image: "\${REGISTRY}/app:v1"
`,
  },
  {
    title: 'compose with an extension',
    file: 'compose.prod.yaml',
    text: `name: shop
x-app: &app
  image: ${value}
  restart: always

services:
  web:
    <<: *app
    ports: ["80:80"]
  worker:
    image: ${value}
    command: [ "worker" ]
  db: { image: 'postgres:17', volumes: [ "db:/var/lib/postgresql/data" ] }
  built:
    build: .
    image: "\${REGISTRY:-ghcr.io}/octo/app:\${TAG}"

volumes: { db: }
`,
  },
  // Without a tag the chart has one elsewhere: nothing to change.
  {
    title: 'Helm values with whole names',
    file: 'chart/values-prod.yaml',
    text: `# image: ${REPOSITORY}:v1.2.3
global:
  imagePullSecrets: []
image: ${keepBare(value)}
sidecarImage: ${keepBare(value)}
imageTag: v1.2.3
description: >-
  Runs ${REPOSITORY}:v1.2.3
  for everybody.
jobs:
  - name: a
    image: ${keepBare(value)}
  - name: b
    image: redis:8
`,
  },
];

/** Shapes that keep name, tag and digest apart. */
const APART: readonly Shape[] = [
  {
    title: 'kustomization by tag',
    file: 'overlays/prod/kustomization.yaml',
    text: `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../base]
images:
- name: app # in the base
  newName: ${REPOSITORY}
  ⟦newTag→digest⟧: ⟦v1.2.3→${DIGEST}⟧ # set by promote
- name: ${REPOSITORY}
  ⟦newTag→digest⟧: "⟦1.10→${DIGEST}⟧"
- name: nginx
  newTag: "1.27"
`,
  },
  {
    title: 'kustomization by digest',
    file: 'kustomization.yml',
    text: `images:
  - {name: ${REPOSITORY}, digest: ⟦${OTHER}→${DIGEST}⟧}
  - name: "${REPOSITORY}"
    digest: '⟦${OTHER}→${DIGEST}⟧'
  - name: ${REPOSITORY}
    digest: ${DIGEST}
`,
  },
  {
    title: 'kustomization without tag',
    file: 'kustomization.yaml',
    text: `images:
  - name: ${REPOSITORY} # no tag
⟦→    digest: ${DIGEST}
⟧  - newName: ${REPOSITORY}
⟦→    digest: ${DIGEST}
⟧    name: app
`,
  },
  {
    title: "Flux's kustomization",
    file: 'clusters/prod/app.yaml',
    text: `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
spec:
  interval: 10m
  images:
    - name: app
      newName: ${REPOSITORY}
      ⟦newTag→digest⟧: ⟦v1→${DIGEST}⟧
`,
  },
  {
    title: 'Helm values apart',
    file: 'values.yaml',
    text: `image:
  repository: ${REPOSITORY}
  tag: ⟦v1.2.3→v1.2.3@${DIGEST}⟧ # rendered as repository:tag
  pullPolicy: IfNotPresent
worker:
  image: { registry: ghcr.io, repository: octo/app, tag: "⟦1.10@${OTHER}→1.10@${DIGEST}⟧" }
cron:
  image:
    registry: ghcr.io
    repository: octo/app
    tag: v1
    digest: ⟦""→"${DIGEST}"⟧
late:
  image:
    repository: ${REPOSITORY}
    digest:⟦→ ${DIGEST}⟧
    tag: v2
templated:
  image: { repository: ${REPOSITORY}, tag: "{{ .Chart.AppVersion }}" }
db:
  image: { repository: docker.io/bitnami/postgresql, tag: 17.2.0 }
git:
  repository: https://github.com/octo/app
  tag: v1
`,
  },
  {
    title: 'HelmRelease',
    file: 'release.yaml',
    text: `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
spec:
  chart: { spec: { chart: app, version: 1.x } }
  values:
    image:
      repository: ${REPOSITORY}
      tag: ⟦1.0→1.0@${DIGEST}⟧
`,
  },
];

/** How a whole file can be written. */
const WRITINGS: readonly (readonly [string, (text: string) => string])[] = [
  ['as is', (text) => text],
  ['with CRLF', (text) => text.replaceAll('\n', '\r\n')],
  ['without a last line end', (text) => text.replace(/\n$/, '')],
  ['after a document mark', (text) => `%YAML 1.2\n---\n${text}`],
  [
    'with blank lines, tabs in comments and a byte order mark',
    (text) => `\uFEFF\n#\tgenerated\n\n${text}\n\n#\tend\n`,
  ],
];

/** Every shape with every value in every writing. */
export function listSamples(): Sample[] {
  const all = [
    ...VALUES.flatMap(([how, value]) =>
      shapes(value).map((shape) => ({ ...shape, title: `${shape.title}, ${how}` })),
    ),
    ...APART,
  ];
  return all.flatMap(({ title, file, text }) =>
    WRITINGS.map(([writing, write]) => {
      const written = write(text);
      return {
        title: `${title}, ${writing}`,
        file,
        before: written.replace(/⟦([^→⟧]*)→([^⟧]*)⟧/g, '$1'),
        after: written.replace(/⟦([^→⟧]*)→([^⟧]*)⟧/g, '$2'),
      };
    }),
  );
}
