import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ensureTool } from '../../scripts/tools.ts';
import { measureLevels } from '../../shared/environment/levels.ts';
import type { Overview } from '../../shared/environment/overview.ts';
import { describeEvents } from '../../shared/report/status/events.ts';
import { renderMetrics } from '../../shared/report/status/metrics.ts';
import { HOSTILE } from '../report/hostile.ts';
import { hostileOverview } from '../report/status/hostile.ts';
import { SAMPLES } from '../report/status/samples.ts';
import { findMissing, findProgram, type Peer, startPrometheus } from '../servers/peers.ts';

/** What status tells to monitoring, as monitoring reads it: a real Prometheus, and the code by which OpenTelemetry's collector reads OTLP. */

const prometheusMissing = await findMissing({ programs: ['prometheus', 'promtool'] });
const otlpMissing = await findMissing({ tools: ['otlp'] });
const metrics = (overview: Overview): string => renderMetrics(overview, measureLevels(overview));
const hostile: [string, Overview][] = HOSTILE.map((text, index) => [
  `hostile ${index}: ${text.slice(0, 30)}`,
  hostileOverview(text),
]);

describe.skipIf(prometheusMissing)(
  `Prometheus${prometheusMissing && ` (skipped: ${prometheusMissing})`}`,
  () => {
    let text = '';
    let server: Server;
    let prometheus: Peer;
    const query = async (
      expression: string,
    ): Promise<{ metric: Record<string, string>; value: number }[]> => {
      const answer = await fetch(
        `http://${prometheus.address}/api/v1/query?query=${encodeURIComponent(expression)}`,
        { signal: AbortSignal.timeout(10_000) },
      );
      const body = (await answer.json()) as {
        status: string;
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      expect(body.status).toBe('success');
      return body.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    };
    /** Serves a text and waits until Prometheus has read it. */
    const scrape = async (overview: Overview, mark: number): Promise<void> => {
      text = `${metrics(overview)}# TYPE hallmark_test_mark gauge\nhallmark_test_mark ${mark}\n`;
      for (let tries = 0; tries < 60; tries += 1) {
        const [seen] = await query('hallmark_test_mark');
        if (seen?.value === mark) return;
        const [up] = await query('up');
        if (up?.value === 0 && tries > 5) break;
        await sleep(500);
      }
      throw new Error(`Prometheus did not read it:\n${prometheus.output().slice(-2000)}`);
    };

    beforeAll(async () => {
      server = createServer((_, response) => {
        response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(text);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      prometheus = await startPrometheus(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
    afterAll(async () => {
      await prometheus?.close();
      server?.close();
    });

    test('scrapes an overview, and answers what was asked at night', async () => {
      await scrape(SAMPLES.small as Overview, 1);
      const prod = '{environment="prod"}';
      expect(await query(`hallmark_lead_time_seconds${prod}`)).toMatchObject([{ value: 26.75 * 3600 }]);
      expect(await query('sum(hallmark_drift)')).toMatchObject([{ value: 0 }]);
      expect(await query(`sum(hallmark_records_total${prod})`)).toMatchObject([{ value: 2 }]);
      expect(await query('hallmark_unknown')).toEqual([]);
      const [held] = await query(`hallmark_current_info${prod}`);
      expect(held?.metric).toMatchObject({ repository: 'ghcr.io/octo/app', action: 'promote' });
    });

    test('what is unknown is absent, and can be alerted on', async () => {
      await scrape(SAMPLES.broken as Overview, 2);
      const staging = '{environment="staging"}';
      expect(await query(`hallmark_drift${staging}`)).toEqual([]);
      expect(await query(`absent(hallmark_drift${staging})`)).toMatchObject([{ value: 1 }]);
      expect(await query('count by (environment) (hallmark_unknown{what="hallmark_drift"})')).toHaveLength(2);
    });

    test('a label is the text that it was made of', async () => {
      const overview = hostileOverview('a "quoted" \\ back\\nslash\nand {a="b"} 1');
      await scrape(overview, 3);
      const found = await query('hallmark_records_total{action="rollback"}');
      expect(found.map(({ metric }) => metric['environment'])).toEqual([overview.environments[0]?.name]);
    });

    test.each([...Object.entries(SAMPLES), ...hostile])(
      'promtool has nothing to say of %j',
      (_, overview) => {
        const done = spawnSync(findProgram('promtool') ?? '', ['check', 'metrics'], {
          input: metrics(overview),
          encoding: 'utf8',
          timeout: 30_000,
        });
        expect({ status: done.status, said: `${done.stdout}${done.stderr}` }).toEqual({
          status: 0,
          said: '',
        });
      },
    );

    describe('the alerts of the guide', () => {
      const guide = readFileSync(new URL('../../action-docs/service-levels.md', import.meta.url), 'utf8');
      const [, text = ''] = /```yaml\n(groups:[\s\S]*?)```/.exec(guide) ?? [];
      const rules: { alert: string; expr: string }[] = parse(text).groups[0].rules;
      const listFiring = async (): Promise<string[]> => {
        const firing: string[] = [];
        for (const { alert, expr } of rules) if ((await query(expr)).length > 0) firing.push(alert);
        // Samples are of a fixed day, and this one asks what time it is.
        return firing.filter((alert) => alert !== 'StatusIsOld');
      };

      test('are quiet where all is well', async () => {
        await scrape(SAMPLES['small'] as Overview, 4);
        expect(await listFiring()).toEqual([]);
      });

      test('fire where nothing is', async () => {
        await scrape(SAMPLES['broken'] as Overview, 5);
        expect(await listFiring()).toEqual(
          rules.map(({ alert }) => alert).filter((alert) => alert !== 'StatusIsOld'),
        );
      });
    });

    test('promtool would have something to say', () => {
      const done = spawnSync(findProgram('promtool') ?? '', ['check', 'metrics'], {
        input: metrics(SAMPLES.small as Overview).replaceAll('_seconds', '_minutes'),
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect(done.status).not.toBe(0);
    });
  },
);

describe.skipIf(otlpMissing)(`OTLP${otlpMissing && ` (skipped: ${otlpMissing})`}`, () => {
  interface Seen {
    readonly event: string;
    readonly time: string;
    readonly severity: string;
    readonly resource: Record<string, unknown>;
    readonly attributes: Record<string, unknown>;
  }
  const read = async (events: object): Promise<{ status: number | null; seen: Seen[]; error: string }> => {
    const done = spawnSync(await ensureTool('otlp'), {
      input: JSON.stringify(events),
      encoding: 'utf8',
      timeout: 30_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    const seen = done.stdout
      .split('\n')
      .filter(Boolean)
      .map((line): Seen => JSON.parse(line));
    return { status: done.status, seen, error: done.stderr };
  };

  test('the collector sees every promotion with its attributes', async () => {
    const { status, seen, error } = await read(describeEvents(SAMPLES.small as Overview));
    expect({ status, error }).toEqual({ status: 0, error: '' });
    expect(seen).toHaveLength(4);
    expect(seen.at(-1)).toMatchObject({
      event: 'hallmark.deployment',
      time: `${BigInt(Date.parse('2026-11-18T14:00:00Z')) * 1_000_000n}`,
      severity: 'Info',
      resource: { 'service.name': 'app', 'deployment.environment.name': 'prod' },
      attributes: {
        'deployment.status': 'succeeded',
        'vcs.repository.url.full': 'https://github.com/octo/app',
        'hallmark.sequence': 2,
        'hallmark.approved_by': ['grace'],
        'hallmark.reason': 'Release 1.1: faster search',
      },
    });
  });

  test('two years of it', async () => {
    const overview = SAMPLES['two-years'] as Overview;
    const { status, seen } = await read(describeEvents(overview));
    const moves = overview.environments.flatMap(({ records }) => ('value' in records ? records.value : []));
    expect([status, seen.length]).toEqual([
      0,
      moves.filter(({ action }) => action === 'promote' || action === 'rollback').length,
    ]);
  });

  test('hostile text arrives as itself', async () => {
    const overviews = HOSTILE.map(hostileOverview);
    const resourceLogs = overviews.flatMap(
      (one) => (describeEvents(one) as { resourceLogs: object[] }).resourceLogs,
    );
    const { status, seen } = await read({ resourceLogs });
    expect(status).toBe(0);
    const reasons = new Set(seen.map(({ attributes }) => attributes['hallmark.reason']));
    expect([...reasons]).toEqual(HOSTILE.map((text) => text.toWellFormed()));
  });

  test('a field that the protocol does not have is refused', async () => {
    const text = JSON.stringify(describeEvents(SAMPLES.small as Overview)).replaceAll(
      'eventName',
      'event_title',
    );
    expect((await read(JSON.parse(text))).error).toContain('unknown field');
  });
});
