import { findDockerfileImages, isDockerfile } from './dockerfile.ts';
import { findImagesIn, isYaml } from './find.ts';
import type { FoundImages, SkippedLine } from './line.ts';
import { parseImageName } from './name.ts';
import { findTerraformImages, isTerraform } from './terraform.ts';
import { findWorkflowReferences, isWorkflow, type WorkflowReferences } from './workflows.ts';
import { readYaml } from './yaml.ts';

/** True for a file that may name an image or an action, by its name. */
export function mayRefer(file: string): boolean {
  return isDockerfile(file) || isTerraform(file) || isYaml(file);
}

/**
 * Finds every image and action that a file refers to, by what kind of file it is: Dockerfile, Terraform, workflow, or a manifest as `findImages` knows
 * them. A sentence, as in "has a here-document that never ends", when it is one of them by its name and cannot be read as a whole; undefined when it
 * is none of them, or a template.
 */
export function findReferences(file: string, text: string): WorkflowReferences | string | undefined {
  if (isDockerfile(file)) return withoutActions(findDockerfileImages(text));
  if (isTerraform(file)) return withoutActions(findTerraformImages(text));
  // To read YAML takes a hundred times as long as to look for a word, and most of it is about something else. With a backslash a word may be hidden.
  if (!isYaml(file) || !/image|repository|uses|container|\\/i.test(text)) return undefined;
  const roots = readYaml(text);
  if (isWorkflow(file)) return roots === undefined ? 'is no YAML' : findWorkflowReferences(roots);
  return withoutActions(roots === undefined ? findInTemplate(text) : findImagesIn(file, roots));
}

/** Plain images in what is no YAML, as a chart's template may have them: they cannot be changed safely, and float all the same. */
function findInTemplate(text: string): FoundImages | undefined {
  const skipped: SkippedLine[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const [, written = ''] =
      /^[ \t]*(?:- +)?image:[ \t]+["']?([^\s"'#{}]+)["']?[ \t\r]*(?:#.*)?$/.exec(line) ?? [];
    const image = parseImageName(written);
    if (image === undefined || image.digest !== undefined) continue;
    skipped.push({ line: at + 1, text: written, reason: 'stands in a template, or in what is no YAML' });
  }
  return skipped.length === 0 ? undefined : { images: [], skipped };
}

function withoutActions<T extends string | undefined>(found: FoundImages | T): WorkflowReferences | T {
  return typeof found === 'object' ? { ...found, actions: [] } : found;
}
