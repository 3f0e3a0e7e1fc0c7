import { describe, expect, test } from 'vitest';
import { readInstances } from '../../shared/environment/instances.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const APP = 'ghcr.io/octo/app';

/** A pod, with what differs. */
const pod = (spec: object, status: object, metadata: object = {}) => ({
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', ...metadata },
  spec,
  status: { phase: 'Running', ...status },
});
const one = { containers: [{ name: 'app', image: `${APP}:1` }] };
const runs = (imageID: string, name = 'app') => ({
  name,
  image: `${APP}:1`,
  imageID,
  state: { running: { startedAt: '2026-11-20T10:00:00Z' } },
});
const template = { spec: one };

describe('what each orchestrator says', () => {
  test.each<[string, unknown, object[]]>([
    [
      'a pod by Docker',
      pod(one, { containerStatuses: [runs(`docker-pullable://${APP}@${digest('a')}`)] }),
      [{ name: 'shop/web-1', digest: digest('a'), startedAt: '2026-11-20T10:00:00Z' }],
    ],
    [
      'a pod by Docker that was built where it runs',
      pod(one, { containerStatuses: [runs(`docker://${digest('a')}`)] }),
      [{ digest: digest('a') }],
    ],
    [
      'a pod by containerd',
      pod(one, { containerStatuses: [runs(`${APP}@${digest('a')}`)] }),
      [{ digest: digest('a') }],
    ],
    [
      'a pod by its config alone',
      pod(one, { containerStatuses: [runs(digest('a'))] }),
      [{ digest: digest('a') }],
    ],
    [
      'a pod whose runtime names another digest than it was told: what runs counts',
      pod(
        { containers: [{ name: 'app', image: `${APP}@${digest('b')}` }] },
        { containerStatuses: [runs(`${APP}@${digest('a')}`)] },
      ),
      [{ digest: digest('a'), image: `${APP}@${digest('b')}` }],
    ],
    [
      'a pod that waits, by what it was told',
      pod(
        { containers: [{ name: 'app', image: `${APP}@${digest('b')}` }] },
        {
          phase: 'Pending',
          containerStatuses: [{ name: 'app', state: { waiting: { reason: 'ErrImagePull' } } }],
        },
      ),
      [{ digest: digest('b'), waiting: 'does not run: ErrImagePull' }],
    ],
    ['a pod that is not scheduled', pod(one, { phase: 'Pending' }), [{ waiting: 'does not run: Pending' }]],
    [
      'a pod of a deployment, with a sidecar and an init container that has ended',
      pod(
        {
          containers: [...one.containers, { name: 'proxy', image: 'envoy:1' }],
          initContainers: [
            { name: 'migrate', image: `${APP}:1` },
            { name: 'log', image: 'fluent:1', restartPolicy: 'Always' },
          ],
        },
        {
          containerStatuses: [runs(digest('a')), runs(digest('b'), 'proxy')],
          initContainerStatuses: [runs(digest('c'), 'log')],
        },
        {
          labels: { 'pod-template-hash': '7d9' },
          ownerReferences: [{ kind: 'ReplicaSet', name: 'web-7d9' }],
        },
      ),
      [
        { name: 'shop/web-1/app', workload: 'shop/web', digest: digest('a') },
        { name: 'shop/web-1/proxy', workload: 'shop/web', digest: digest('b') },
        { name: 'shop/web-1/log', workload: 'shop/web', digest: digest('c') },
      ],
    ],
    [
      'a pod with a container that somebody debugs with, one that has ended, and an init container at work',
      pod(
        {
          ...one,
          initContainers: [{ name: 'migrate', image: `${APP}:1` }],
          ephemeralContainers: [
            { name: 'debug', image: `${APP}:0` },
            { name: 'debugged', image: `${APP}:0` },
          ],
        },
        {
          phase: 'Pending',
          containerStatuses: [{ name: 'app', state: { waiting: { reason: 'PodInitializing' } } }],
          initContainerStatuses: [runs(digest('c'), 'migrate')],
          ephemeralContainerStatuses: [
            runs(digest('d'), 'debug'),
            { name: 'debugged', imageID: digest('e'), state: { terminated: {} } },
          ],
        },
      ),
      [
        { name: 'shop/web-1/app', waiting: 'does not run: PodInitializing' },
        { name: 'shop/web-1/migrate', digest: digest('c'), waiting: undefined },
        { name: 'shop/web-1/debug', digest: digest('d'), waiting: undefined },
      ],
    ],
    [
      'a deployment with a sidecar among its init containers',
      {
        kind: 'Deployment',
        metadata: { name: 'a' },
        spec: {
          replicas: 1,
          template: {
            spec: {
              ...one,
              initContainers: [{ name: 'log', image: `${APP}@${digest('b')}`, restartPolicy: 'Always' }],
            },
          },
        },
      },
      [{ name: 'a/app' }, { name: 'a/log', digest: digest('b') }],
    ],
    ['a pod that has ended', pod(one, { phase: 'Succeeded', containerStatuses: [runs(digest('a'))] }), []],
    [
      'a typed list, whose items do not say what they are',
      { kind: 'PodList', metadata: { continue: '' }, items: [{ ...pod(one, {}), kind: undefined }] },
      [{ name: 'shop/web-1' }],
    ],
    [
      'deployments: done, half updated, not ready, and scaled to nothing',
      {
        kind: 'List',
        items: [
          {
            kind: 'Deployment',
            metadata: { name: 'a' },
            spec: { replicas: 2, template },
            status: { updatedReplicas: 2, readyReplicas: 2 },
          },
          {
            kind: 'Deployment',
            metadata: { name: 'b' },
            spec: { replicas: 2, template },
            status: { updatedReplicas: 1 },
          },
          {
            kind: 'StatefulSet',
            metadata: { name: 'c' },
            spec: { replicas: 3, template },
            status: { updatedReplicas: 3, readyReplicas: 1 },
          },
          { kind: 'Deployment', metadata: { name: 'd' }, spec: { replicas: 0, template }, status: {} },
        ],
      },
      [
        { name: 'a', waiting: undefined },
        { name: 'b', waiting: '1 of 2 are updated' },
        { name: 'c', waiting: '1 of 3 are ready' },
      ],
    ],
    [
      'a daemon set and cron jobs, one of them suspended',
      {
        kind: 'List',
        items: [
          {
            kind: 'DaemonSet',
            metadata: { name: 'a' },
            spec: { template },
            status: { desiredNumberScheduled: 4, updatedNumberScheduled: 3, numberReady: 4 },
          },
          { kind: 'CronJob', metadata: { name: 'b' }, spec: { jobTemplate: { spec: { template } } } },
          {
            kind: 'CronJob',
            metadata: { name: 'c' },
            spec: { suspend: true, jobTemplate: { spec: { template } } },
          },
        ],
      },
      [{ name: 'a', waiting: '3 of 4 are updated' }, { name: 'b' }],
    ],
    [
      'tasks of ECS, one of them stopped and one on its way',
      {
        tasks: [
          {
            taskArn: 'arn:aws:ecs:eu-central-1:1:task/shop/f00',
            group: 'service:web',
            lastStatus: 'RUNNING',
            startedAt: '2026-11-20T10:00:00+01:00',
            containers: [{ name: 'app', image: `${APP}:1`, imageDigest: digest('a'), lastStatus: 'RUNNING' }],
          },
          { taskArn: 'x', lastStatus: 'STOPPED', containers: [{ name: 'app', image: `${APP}:1` }] },
          {
            taskArn: 'y',
            lastStatus: 'PENDING',
            startedAt: 1,
            containers: [{ name: 'app', image: `${APP}:1` }],
          },
        ],
      },
      [
        {
          name: 'f00/app',
          workload: 'service:web',
          digest: digest('a'),
          startedAt: '2026-11-20T09:00:00.000Z',
        },
        { name: 'y/app', digest: undefined, waiting: 'is PENDING' },
      ],
    ],
    [
      'containers of Docker, one of them stopped',
      [
        {
          Name: '/web',
          Image: digest('a'),
          Config: { Image: `${APP}:1`, Labels: null },
          State: { Running: true, StartedAt: '2026-11-20T10:00:00Z' },
        },
        {
          Name: '/old',
          Image: digest('b'),
          Config: { Image: APP },
          State: { Running: false, StartedAt: '' },
        },
      ],
      [{ name: 'web', image: `${APP}:1`, digest: digest('a') }],
    ],
  ])('%s', (_, json, instances) => {
    expect(readInstances(JSON.stringify(json), 'it')).toEqual(
      instances.map((instance) => expect.objectContaining(instance)),
    );
  });

  test('a plain list', () => {
    const text = `# of today\n\n${APP}@${digest('a')}\n${APP}:1@${digest('b')}  eu/web\r\n${APP}:latest\n`;
    expect(readInstances(text, 'it')).toMatchObject([
      { name: 'line 3', digest: digest('a') },
      { name: 'eu/web', workload: 'eu/web', digest: digest('b') },
      { digest: undefined },
    ]);
  });
});

test.each<[string, string, string]>([
  ['nothing', ' \n', 'it is empty'],
  ['what was cut off', '{"kind":"List","items":[', 'was cut off'],
  [
    'one page of a list',
    '{"kind":"List","metadata":{"continue":"x"},"items":[]}',
    'one page of a longer list',
  ],
  ['what runs nothing', '{"kind":"List","items":[{"kind":"Secret"}]}', 'holds a Secret, which runs nothing'],
  ['a kind that every object has', '{"kind":"List","items":[{"kind":"constructor"}]}', 'which runs nothing'],
  ['a list of no kind', '{"kind":"List","items":[null]}', 'holds a , which runs nothing'],
  ['a broken pod', '{"kind":"List","items":[{"kind":"Pod"}]}', 'holds a Pod that cannot be read'],
  ['another JSON', '{"tasks":1}', 'is nothing that can be read'],
  [
    'an error in place of a list',
    'Unable to connect to the server: dial tcp "10.0.0.1"',
    'line 1: is no image',
  ],
  ['a shorter error', 'not found', 'line 1: is no image'],
  ['no reference', `${APP}@sha256:abc`, 'line 1: is no image'],
  ['too many', `${APP}@${digest('a')}\n`.repeat(50_001), 'tells of 50001 instances'],
])('refuses %s', (_, text, message) => {
  expect(() => readInstances(text, 'it')).toThrow(message);
});
