import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { renderSarif } from '../../shared/trivy/sarif.ts';
import { HOSTILE } from '../report/hostile.ts';

// That it is what Trivy itself makes of its reports is held in test/interop/trivy-reports.test.ts.
const recorded = JSON.parse(readFileSync(new URL('../fixtures/trivy/sample.json', import.meta.url), 'utf8'));
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const message = z.object({ text: z.string(), markdown: z.string().optional() });
const physicalLocation = z.object({ artifactLocation: z.object({ uri: z.string() }), region: z.unknown() });
const sarifSchema = z.object({
  runs: z.tuple([
    z.object({
      tool: z.object({
        driver: z.object({
          rules: z.array(
            z.object({
              ...{ id: z.string(), helpUri: z.string().optional() },
              ...{ shortDescription: message, fullDescription: message, help: message },
            }),
          ),
        }),
      }),
      results: z.array(
        z.object({
          ...{ ruleId: z.string(), message, partialFingerprints: z.record(z.string(), z.string()) },
          locations: z.array(z.object({ message, physicalLocation })),
        }),
      ),
    }),
  ]),
});

const vulnerability = {
  ...{ VulnerabilityID: 'CVE-2099-1', PkgName: 'lodash', InstalledVersion: '1.0.0', Severity: 'HIGH' },
  ...{ Title: 'A title', Description: 'First line\nSecond line', PrimaryURL: 'https://a.example/CVE-2099-1' },
};
const render = (...results: object[]) =>
  sarifSchema.parse(JSON.parse(renderSarif({ ...recorded, Results: results }, 'octo/app'))).runs[0];
const ofApp = (...found: object[]) => ({ Target: 'Node.js', Class: 'lang-pkgs', Vulnerabilities: found });

it('has every finding of a recorded report, with the rule that it names', () => {
  const { results, tool } = sarifSchema.parse(JSON.parse(renderSarif(recorded, 'octo/app'))).runs[0];
  expect(results).toHaveLength(9);
  const rules = new Set(tool.driver.rules.map(({ id }) => id));
  for (const { ruleId } of results) expect(rules).toContain(ruleId);
});

it('leaves out what has nothing to say', () => {
  const [result] = render(ofApp(vulnerability)).results;
  expect(result?.message.text).toBe(
    'Package: lodash\nInstalled Version: 1.0.0\nVulnerability: CVE-2099-1\nSeverity: HIGH',
  );
});

it('describes each rule, whatever is known of it', () => {
  const bare = { VulnerabilityID: 'CVE-2099-1', Severity: 'UNKNOWN', Title: '\u200b', Description: '\n' };
  const { results, tool } = render({ Vulnerabilities: [bare], CVSS: null, Packages: null, Secrets: null });
  expect(tool.driver.rules).toMatchObject([
    { id: 'CVE-2099-1', shortDescription: { text: 'CVE-2099-1' }, fullDescription: { text: 'CVE-2099-1' } },
  ]);
  expect(results[0]?.locations[0]?.physicalLocation.artifactLocation.uri).toBe('octo/app');
});

it('names a licence by text of an image, and by so much of it as is shown', () => {
  const licence = { Name: `\u001b[31m${'w'.repeat(4000)}`, Severity: 'LOW', PkgName: 'lodash' };
  const { results, tool } = render({ Target: 'Node.js', Class: 'license', Licenses: [licence] });
  const [rule] = tool.driver.rules;
  expect(rule?.id).toMatch(/^lodash: \[31mw+…$/);
  expect(rule?.id.length).toBeLessThanOrEqual(1024);
  expect(rule?.shortDescription.text.length).toBeLessThanOrEqual(1024);
  expect(results[0]?.ruleId).toBe(rule?.id);
});

it.each<[string, object]>([
  [
    'packages of the system',
    { Target: 'image (debian 12.1)', Class: 'os-pkgs', Vulnerabilities: [vulnerability] },
  ],
  [
    'the image itself',
    { Target: 'image', Class: 'config', Misconfigurations: [{ ID: 'DS-0002', Severity: 'HIGH' }] },
  ],
])('says of %s that it lies in the repository of the image', (_, result) => {
  const { results } = render(result);
  expect(results[0]?.locations[0]?.physicalLocation.artifactLocation.uri).toBe('octo/app');
});

describe('a fingerprint', () => {
  const marks = (...found: object[]): string[] =>
    render(ofApp(...found)).results.map((one) => one.partialFingerprints['primaryLocationLineHash'] ?? '');
  const [known] = marks(vulnerability);

  it.each<[string, object]>([
    ['another version of the package', { InstalledVersion: '1.0.1' }],
    ['a version that is an address', { InstalledVersion: 'git+ssh://git@example.com/lodash' }],
    ['another severity', { Severity: 'LOW' }],
    ['another title', { Title: 'Another' }],
  ])('stays with %s', (_, change) => {
    expect(marks({ ...vulnerability, ...change })).toEqual([known]);
  });

  it.each<[string, object]>([
    ['another vulnerability', { VulnerabilityID: 'CVE-2099-2' }],
    ['another package', { PkgName: '@a/lodash' }],
    ['another scope alone', { PkgName: '@b/lodash' }],
    ['another place', { PkgPath: 'app/node_modules/lodash/package.json' }],
  ])('is another with %s', (_, change) => {
    const [other] = marks({ ...vulnerability, ...change });
    expect(other).toMatch(/^[0-9a-f]{16}:1$/);
    expect(other).not.toBe(known);
  });

  it('tells two in the same place apart, and the first stays what it is', () => {
    expect(marks(vulnerability, vulnerability)).toEqual([known, known?.replace(/1$/, '2')]);
  });
});

describe.each(HOSTILE.map((text) => [text.slice(0, 40), text]))('%j', (_, text) => {
  const whole = {
    ...{ Target: text, Class: 'lang-pkgs', Type: text },
    Packages: [{ Name: text, Version: text, Locations: [{ StartLine: 3, EndLine: 4 }] }],
    Vulnerabilities: [
      {
        ...{
          VulnerabilityID: text,
          PkgName: text,
          PkgPath: text,
          InstalledVersion: text,
          FixedVersion: text,
        },
        ...{ Severity: 'HIGH', SeveritySource: text, Title: text, Description: text, PrimaryURL: text },
      },
    ],
    Misconfigurations: [
      { ID: text, Type: text, Severity: 'LOW', Title: text, Description: text, Message: text },
    ],
    Secrets: [{ RuleID: text, Severity: 'CRITICAL', Title: text, StartLine: 1, EndLine: 1 }],
    Licenses: [{ Name: text, Severity: 'LOW', Category: text, PkgName: text, FilePath: text, Link: text }],
  };

  it('is text, and a path inside the image', () => {
    const { results, tool } = render(whole);
    expect(results).toHaveLength(4);
    const texts = [
      ...results.flatMap((result) => [result.message, ...result.locations.map((one) => one.message)]),
      ...tool.driver.rules.flatMap((rule) => [rule.shortDescription, rule.fullDescription, rule.help]),
    ].flatMap(({ text, markdown = '' }) => [text, markdown]);
    for (const one of texts) {
      expect(one).not.toMatch(CONTROLS);
      expect(one.isWellFormed()).toBe(true);
    }
    for (const result of results) {
      const all = [result.message, ...result.locations.map((one) => one.message)];
      // A link begins with a bracket that nothing escapes (SARIF 2.1.0, 3.11.6).
      for (const one of all) expect(one.text.replace(/\\./g, '')).not.toMatch(/[[\]]/);
      expect(result.message.text.split('\n').length).toBeLessThanOrEqual(5);
    }
    for (const { physicalLocation } of results.flatMap(({ locations }) => locations)) {
      const { uri } = physicalLocation.artifactLocation;
      expect(uri).not.toMatch(/[\p{C}?#\\:]|^\/\/|(?:^|\/)\.{1,2}(?:\/|$)/u);
      expect(() => decodeURIComponent(uri)).not.toThrow();
      expect(new URL(uri, 'https://image.example/root/').host).toBe('image.example');
    }
    for (const { helpUri = 'https://none.example' } of tool.driver.rules)
      expect(helpUri).toMatch(/^https?:\/\//);
  });
});

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['another form', { error: 'rate limited' }],
  ['results of another form', { ...recorded, Results: [{ Vulnerabilities: [{ VulnerabilityID: 1 }] }] }],
])('takes %s for no report', (_, report) => {
  expect(() => renderSarif(report, 'octo/app')).toThrow(expect.objectContaining({ outcome: 'unavailable' }));
});
