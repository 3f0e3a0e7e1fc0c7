import { describe, expect, test } from 'vitest';
import { renderComment } from '../../shared/report/comment.ts';
import { PAGES } from './pages.ts';

describe('the page is what its golden file holds', () => {
  test.each(Object.entries(PAGES))('%s', async (name, page) => {
    await expect(renderComment(page)).toMatchFileSnapshot(`goldens/${name}.md`);
  });
});
