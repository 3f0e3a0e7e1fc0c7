import { Invalid } from '../outcome/outcome.ts';
import type { Platform } from './descriptor.ts';

/** `os/architecture[/variant]`, as docker writes it. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

/** Reads `linux/amd64` or `linux/arm/v7`. Throws `Invalid` naming `input`. */
export function parsePlatform(text: string, input = 'platforms'): Platform {
  const match = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text);
  if (!match?.[1] || !match[2]) {
    throw new Invalid(input, `"${text}" is no platform; write os/architecture, as in linux/amd64`);
  }
  return { os: match[1], architecture: match[2], ...(match[3] && { variant: match[3] }) };
}

/** BuildKit's attestation manifests carry the platform `unknown/unknown`; they hold no image that could run. */
export function isRunnable(platform: Platform | undefined): boolean {
  return !(platform?.os === 'unknown' && platform.architecture === 'unknown');
}

/** Whether two name the same machine: arm64 is arm64/v8, arm is arm/v7, amd64 is amd64/v1 (containerd platforms, "normalizeArch"). */
export function isSamePlatform(one: Platform, other: Platform): boolean {
  return formatPlatform(withDefault(one)) === formatPlatform(withDefault(other));
}

/** What a machine of the platform `wanted` takes of what there is: its own variant, otherwise the first of its architecture. */
export function findPlatform<T extends { readonly platform: Platform }>(
  there: readonly T[],
  wanted: Platform,
): T | undefined {
  return (
    there.find(({ platform }) => isSamePlatform(platform, wanted)) ??
    there.find(({ platform }) => platform.os === wanted.os && platform.architecture === wanted.architecture)
  );
}

const defaults: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

function withDefault(platform: Platform): Platform {
  const variant = platform.variant || defaults[platform.architecture];
  return { ...platform, ...(variant !== undefined && { variant }) };
}
