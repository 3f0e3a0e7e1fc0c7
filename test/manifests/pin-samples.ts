import type { Sample } from './samples.ts';

/*
 * Files shaped like those people keep, for pin. Where a shape says ⟦old→new⟧, the file before has `old` and the file after has `new`; all other bytes
 * have to stay. In `new`, ‹d› is the digest and ‹c› the commit.
 */

export const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
export const COMMIT = '0123456789'.repeat(4);
const OLD = `sha256:${'fedcba9876543210'.repeat(4)}`;
const SHA = 'fedcba9876'.repeat(4);

/** How an image can be written: a value and what it becomes. */
const IMAGES: readonly (readonly [string, string])[] = [
  ['a short name', '⟦node→node:latest@‹d›⟧'],
  ['a tag', '⟦node:22-alpine→node:22-alpine@‹d›⟧'],
  ['a registry', '⟦ghcr.io/octo/app:v1.2.3→ghcr.io/octo/app:v1.2.3@‹d›⟧'],
  ['a port', '⟦localhost:5000/a/b__c-d:1→localhost:5000/a/b__c-d:1@‹d›⟧'],
  ['a digest', `node@${OLD}`],
  ['a tag and a digest', `node:22@${OLD}`],
];

interface Shape {
  readonly title: string;
  readonly file: string;
  readonly text: string;
}

const images = (value: string): Shape[] => [
  {
    title: 'a Dockerfile of stages',
    file: 'Dockerfile',
    text: `# FROM node:22 is no instruction
ARG VERSION=22
FROM\t--platform=$BUILDPLATFORM   ${value}   AS build
# FROM node:22
RUN echo 'FROM node:22' \\
  # COPY --from=node:22 a b
  && true
COPY --from=build --chown=1:1 /a /b
COPY --link --from=${value} C:\\a\\ /b
RUN --mount=type=bind,from=${value},target=/x \\
    --mount=type=cache,target=/root <<EOF
FROM node:22
COPY --from=node:22 a b
EOF
FROM Build AS node-22
COPY --from=0 /a /b
from scratch
FROM ${value}
LABEL image="node:22"
`,
  },
  {
    title: 'a Dockerfile for Windows',
    file: 'images/app.windows.Dockerfile',
    text: `# escape=\`
FROM ${value} AS one
COPY a c:\\b\\
RUN dir c:\\ \`
  && FROM node:22
FROM \`
  ${value} \`
  as two
WORKDIR C:\\app\\
`,
  },
  {
    title: 'a Containerfile with a frontend',
    file: 'Containerfile.prod',
    text: `# syntax=⟦docker/dockerfile:1→docker/dockerfile:1@‹d›⟧

FROM ${value}
`,
  },
  {
    title: 'a deployment',
    file: 'k8s/app.yaml',
    text: `# image: node:22
apiVersion: apps/v1
kind: Deployment
metadata: { name: app, annotations: { note: "image: node:22" } }
spec:
  template:
    spec:
      initContainers:
        - name: a
          image: ${value}    # why
          command: ["sh", "-c", "echo image: node:22"]
      containers:
      -   image:   '${value}'
          env: [ { name: IMAGE, value: "node:22" } ]
      - {name: b, image: ${value}, args: [--x]}
---
apiVersion: v1
kind: ConfigMap
data:
  x.yaml: |
    image: node:22
`,
  },
  {
    title: 'a pod with an anchor, as JSON',
    file: 'pod.yml',
    text: `{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": &a "${value}"}, {"image": *a}]}}
`,
  },
  {
    title: 'Compose',
    file: 'compose.yaml',
    text: `x-base: &base
  image: ${value}
services:
  web: { <<: *base, ports: ["80:80"] }
  db:
    image: "${value}"   # db
  made:
    build: .
    image: octo/made:dev
`,
  },
  {
    title: 'a workflow with containers',
    file: '.github/workflows/test.yml',
    text: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    container: ${value}
    services:
      db:
        image: "${value}" # db
        options: '--health-cmd "image: node:22"'
    steps:
    - uses: docker://${value}
    - run: |
        uses: actions/checkout@v4
        docker run node:22
  more:
    container: { image: ${value}, options: --init }
`,
  },
  {
    title: 'Terraform',
    file: 'infra/main.tf',
    text: `# image = "node:22"
resource "kubernetes_deployment" "app" {
  metadata { name = "app" }
  spec {
    container {
      image = "${value}" # image = "x"
      name  = "image = \\"node:22\\""
      args  = ["\${var.a}", "%{ if x }a%{ endif }", "{", "$\${x"]
    }
  }
}
/* image = "node:22" */
resource "aws_ecs_task_definition" "t" {
  container_definitions = jsonencode([
    { name = "a", image = "${value}", command = ["image"] },
    { "name" : "b", "image" : "${value}" },
  ])
}
resource "digitalocean_droplet" "d" {
  image = "ubuntu-22-04-x64"
  user_data = <<-EOT
    image = "node:22"
    }
  EOT
}
resource "google_compute_instance" "v" { boot_disk { initialize_params { image = "debian-cloud/debian-12" } } }
`,
  },
];

/** How an action can be used. */
const USES: readonly (readonly [string, string])[] = [
  ['a tag', '⟦actions/checkout@v4→actions/checkout@‹c› # v4.2.2⟧'],
  ['a branch', '⟦octo/workflows@main→octo/workflows@‹c› # v4.2.2⟧'],
  ['a path', '⟦github/codeql-action/init@v4→github/codeql-action/init@‹c› # v4.2.2⟧'],
  ['quotes', '"⟦actions/checkout@v4"→actions/checkout@‹c›" # v4.2.2⟧'],
  ['a comment', '⟦actions/checkout@v4  # →actions/checkout@‹c›  # v4.2.2 ⟧needed for x'],
  ['an older comment', "'⟦actions/checkout@v4' #v3→actions/checkout@‹c›' #v4.2.2⟧ and more"],
  ['blanks behind it', '⟦actions/checkout@v4→actions/checkout@‹c› # v4.2.2⟧  \t'],
  ['a commit', `actions/checkout@${SHA} # v4.2.2`],
];

const uses = (value: string): Shape[] => [
  {
    title: 'a workflow',
    file: '.github/workflows/ci.yml',
    text: `# uses: actions/checkout@v4
name: ci
"on": { push: { branches: [main] } }
env: { NOTE: "uses: actions/checkout@v4" }
jobs:
  build:
    runs-on: \${{ matrix.os }}
    steps:
      - name: Check out
        uses:   ${value}
        with:
          ref: main
      - uses: ./.github/actions/own
      -   uses: ${value}
      - run: |
          # uses: actions/checkout@v4
          echo "::notice::uses: actions/checkout@v4"
  reused:
    uses: ./.github/workflows/x.yml
`,
  },
  {
    title: "an action's own file",
    file: 'actions/setup/action.yml',
    text: `name: setup
description: "uses: actions/checkout@v4"
runs:
  using: composite
  steps:
  - id: a
    uses: ${value}
  - shell: bash
    run: echo
`,
  },
];

/** Shapes with values of their own. */
const APART: readonly Shape[] = [
  {
    title: 'a kustomization',
    file: 'overlays/prod/kustomization.yaml',
    text: `resources: [../../base]
images:
- name: app # in the base
  newName: ghcr.io/octo/app
  newTag: v1.2.3 # set by hand
⟦→  digest: ‹d›
⟧- {name: nginx, newTag: "1.27"⟦→, digest: ‹d›⟧}
- name: redis
  newTag: "8"
  digest: ${OLD}
`,
  },
  {
    title: "Flux's kustomization",
    file: 'clusters/app.yaml',
    text: `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
spec:
  images:
    - name: app
      newName: ghcr.io/octo/app
      newTag: v1
⟦→      digest: ‹d›
⟧    - name: other
      newTag: 'v2'
⟦→      digest: ‹d›
⟧`,
  },
  {
    title: 'Helm values',
    file: 'charts/app/values.yaml',
    text: `image:
  repository: ghcr.io/octo/app
  tag: ⟦v1.2.3→v1.2.3@‹d›⟧ # rendered
worker: { image: { registry: ghcr.io, repository: octo/app, tag: "⟦1.10→1.10@‹d›⟧" } }
cron:
  image:
    repository: octo/app
    tag: v1
    digest: ⟦""→"‹d›"⟧
sidecarImage: ⟦envoyproxy/envoy:v1.31→envoyproxy/envoy:v1.31@‹d›⟧
description: >-
  image: node:22
`,
  },
  {
    title: 'Flux and Argo CD with Helm values',
    file: 'release.yaml',
    text: `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
spec:
  values:
    image: { repository: ghcr.io/octo/app, tag: ⟦"1.0"→"1.0@‹d›"⟧ }
---
apiVersion: argoproj.io/v1alpha1
kind: Application
spec: { source: { helm: { valuesObject: { image: { repository: ghcr.io/octo/app, tag: ⟦v2→v2@‹d›⟧ } } } } }
`,
  },
  {
    title: 'a Docker action',
    file: 'action.yml',
    text: `name: a
runs:
  using: docker
  image: docker://⟦alpine:3.20→alpine:3.20@‹d›⟧
`,
  },
  {
    title: 'an action with a Dockerfile',
    file: 'own/action.yaml',
    text: 'name: image\nruns: { using: docker, image: Dockerfile }\n',
  },
  {
    title: 'steps in flows',
    file: '.github/workflows/flow.yml',
    text: `jobs:
  a: { steps: [ { run: x } ], uses: ⟦octo/w/.github/workflows/x.yml@v1 }→octo/w/.github/workflows/x.yml@‹c› } # v4.2.2⟧
  b:
    steps:
      - {uses: ⟦actions/checkout@v4, with: {ref: main}}→actions/checkout@‹c›, with: {ref: main}} # v4.2.2⟧
      - { uses: ⟦"actions/cache@v4" } # →"actions/cache@‹c›" } # v4.2.2 ⟧why
`,
  },
  {
    title: 'Lambda and modules',
    file: 'lambda.tofu',
    text: `resource "aws_lambda_function" "f" {
  package_type = "Image"
  image_uri    = "⟦1.dkr.ecr.eu-west-1.amazonaws.com/f:v1→1.dkr.ecr.eu-west-1.amazonaws.com/f:v1@‹d›⟧"
}
module "m" {
  image = "⟦ghcr.io/octo/app:v1→ghcr.io/octo/app:v1@‹d›⟧"
  other = var.x == "a" ? "\${var.image}:1" : "node:22"
  image_name = "node:22"
}
`,
  },
  {
    title: 'a list of actions on one line',
    file: '.github/workflows/list.yml',
    text: 'jobs: { a: { steps: [ { uses: a/b@v1 }, { uses: c/d@v1 } ] } }\n',
  },
];

/** How a whole file can be written. */
const WRITINGS: readonly (readonly [string, (text: string) => string])[] = [
  ['as is', (text) => text],
  ['with CRLF', (text) => text.replaceAll('\n', '\r\n')],
  ['without a last line end', (text) => text.replace(/\n$/, '')],
  ['with a byte order mark', (text) => `\uFEFF${text}`],
  ['with blank lines', (text) => `${text}\n\n\n`],
];

/** Every shape with every value in every writing. */
export function listPinSamples(): Sample[] {
  const all = [
    ...IMAGES.flatMap(([how, value]) =>
      images(value).map((one) => ({ ...one, title: `${one.title}: ${how}` })),
    ),
    ...USES.flatMap(([how, value]) => uses(value).map((one) => ({ ...one, title: `${one.title}: ${how}` }))),
    ...APART,
  ];
  return all.flatMap(({ title, file, text }) =>
    WRITINGS.map(([writing, write]) => {
      const written = write(text);
      const after = written.replace(/⟦([^→⟧]*)→([^⟧]*)⟧/g, '$2');
      return {
        title: `${title}, ${writing}`,
        file,
        before: written.replace(/⟦([^→⟧]*)→([^⟧]*)⟧/g, '$1'),
        after: after.replaceAll('‹d›', DIGEST).replaceAll('‹c›', COMMIT),
      };
    }),
  );
}
